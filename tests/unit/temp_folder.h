/* A folder of one test's own: under TMPDIR, or /tmp; removed with all that is in it. */
#ifndef CANVASS_TESTS_TEMP_FOLDER_H
#define CANVASS_TESTS_TEMP_FOLDER_H

enum { TEMP_FOLDER_PATH = 128 }; /* bytes that a path of it takes, at most */

/* Makes it and writes its path; fails the running test when there is no place for it. */
void temp_folder_make(char path[TEMP_FOLDER_PATH]);
/* The same in memory where the machine has such a place: for thousands of commits. */
void temp_folder_make_fast(char path[TEMP_FOLDER_PATH]);
void temp_folder_remove(const char *path);

#endif
