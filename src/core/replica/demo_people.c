#include "core/replica/demo_people.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

enum { LINES = 10000, EXCHANGE = 555 };

/* Area codes in use; the numbers in front of 555 lines belong to nobody. */
static const int16_t areas[] = {
    310, 213, 323, 424, 818, 747, 626, 562, 714, 657, 949, 909, 951, 805, 661, 559, 408, 669, 415,
    628, 510, 341, 650, 925, 707, 916, 279, 209, 530, 619, 858, 760, 442, 702, 725, 775, 602, 480,
    623, 520, 928, 503, 971, 541, 458, 206, 253, 425, 360, 509, 801, 385, 435, 208, 986, 303, 720,
    970, 719, 505, 575, 214, 469, 972, 817, 682, 713, 281, 832, 346, 210, 726, 512, 737, 915, 806,
    405, 539, 918, 580, 316, 913, 785, 620, 816, 314, 557, 417, 573, 636, 660, 402, 531, 308, 605,
    701, 406, 307, 612, 651, 763, 952, 218, 320, 507, 515, 319, 563, 641, 712, 312, 773, 872, 847,
    224, 630, 331, 708, 464, 815, 779, 217, 447, 309, 618, 730, 414, 262, 608, 920, 534, 715, 313,
    248, 947, 586, 734, 810, 616, 517, 989, 231, 906, 317, 463, 219, 260, 574, 765, 812, 930, 614,
    380, 216, 440, 330, 234, 513, 937, 326, 419, 567, 740, 220, 502, 859, 270, 364, 606, 615, 629,
    901, 731, 865, 423, 931, 205, 659, 251, 256, 938, 334, 601, 769, 228, 662, 504, 985, 225, 337,
    318, 501, 479, 870, 305, 786, 954, 754, 561, 772, 407, 689, 321, 813, 656, 727, 941, 239, 904,
    386, 352, 850, 448, 404, 678, 470, 770, 912, 706, 762, 229, 478, 803, 839, 843, 854, 864, 704,
    980, 919, 984, 336, 743, 910, 252, 828, 804, 757, 948, 703, 571, 540, 276, 434, 202, 771, 301,
    240, 227, 410, 443, 667, 304, 681, 215, 267, 445, 610, 484, 412, 878, 717, 223, 570, 272, 724,
    814, 582, 302, 201, 551, 973, 862, 908, 732, 848, 609, 640, 856, 212, 646, 332, 917, 718, 347,
    929, 516, 631, 934, 914, 845, 518, 838, 315, 680, 607, 585, 716, 203, 475, 860, 959, 401, 617,
    857, 781, 339, 508, 774, 978, 351, 413, 603, 802, 207, 808, 907, 416, 647, 437, 604, 778, 514,
};

uint64_t
demo_random_next(struct demo_random *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

int64_t
demo_random_range(struct demo_random *r, int64_t from, int64_t to)
{
    return from + (int64_t)(demo_random_next(r) % (uint64_t)(to - from + 1));
}

bool
demo_random_chance(struct demo_random *r, int per_mille)
{
    return demo_random_next(r) % 1000 < (uint64_t)per_mille;
}

const char *
demo_random_word(struct demo_random *r, const struct demo_words *words)
{
    return words->word[demo_random_next(r) % words->count].text;
}

static const struct demo_word *
pick(struct demo_random *r, const struct demo_words *words)
{
    return &words->word[demo_random_next(r) % words->count];
}

static const struct demo_culture *
pick_culture(struct demo_random *r, const struct demo_lists *lists)
{
    int64_t at = demo_random_range(r, 0, lists->share_total - 1);
    size_t i = 0;

    while (i + 1 < lists->culture_count && at >= lists->culture[i].share)
        at -= lists->culture[i++].share;
    return &lists->culture[i];
}

static void
make_name(struct demo_random *r, const struct demo_culture *c, const struct demo_word *given,
          const struct demo_word *family, char *out, size_t size)
{
    if (demo_random_chance(r, 4)) /* a title and four names: screens must cope */
        (void)snprintf(out, size, "Prof. Dr. %s %s %s-%s", given->text, pick(r, &c->given)->text,
                       family->text, pick(r, &c->family)->text);
    else if (c->family_first)
        (void)snprintf(out, size, "%s%s", family->text, given->text);
    else if (demo_random_chance(r, 80))
        (void)snprintf(out, size, "%s %c. %s", given->text, (char)demo_random_range(r, 'A', 'Z'),
                       family->text);
    else
        (void)snprintf(out, size, "%s %s", given->text, family->text);
}

/* The index-th number: every one is different for as many people as there are areas and lines. */
static int64_t
number_of(int64_t index)
{
    const int64_t count = (int64_t)ARRAY_LEN(areas) * LINES;
    int64_t at = index % count * 1299709 % count; /* a prime that divides no count: a permutation */

    return (int64_t)areas[at % (int64_t)ARRAY_LEN(areas)] * 10000000 + (int64_t)EXCHANGE * LINES +
           at / (int64_t)ARRAY_LEN(areas);
}

static void
write_number(struct demo_person *p, const char *style)
{
    int area = (int)(p->number / 10000000);
    int line = (int)(p->number % LINES);

    switch (style[0]) {
    case 'e':
        (void)snprintf(p->phone, sizeof p->phone, "+1%d%d%04d", area, EXCHANGE, line);
        break;
    case '(':
        (void)snprintf(p->phone, sizeof p->phone, "(%d) %d-%04d", area, EXCHANGE, line);
        break;
    case '-':
        (void)snprintf(p->phone, sizeof p->phone, "%d-%d-%04d", area, EXCHANGE, line);
        break;
    case '.':
        (void)snprintf(p->phone, sizeof p->phone, "%d.%d.%04d", area, EXCHANGE, line);
        break;
    case '1':
        (void)snprintf(p->phone, sizeof p->phone, "1 %d %d %04d", area, EXCHANGE, line);
        break;
    case 'x':
        (void)snprintf(p->phone, sizeof p->phone, "%d-%d-%04d ext. 12", area, EXCHANGE, line);
        break;
    default: /* nobody else's way to write: it is the second person with that number */
        (void)snprintf(p->phone, sizeof p->phone, "+1 (%d) %d-%04d", area, EXCHANGE, line);
        break;
    }
}

static void
make_phone(struct demo_random *r, int64_t index, const struct demo_person *before,
           struct demo_person *p)
{
    static const char *const formats[] = {"e", "e", "e", "e", "e", "e", "e", "(", "-", ".", "1"};
    int64_t dice = demo_random_range(r, 0, 999);

    p->phone[0] = '\0';
    p->number = 0;
    /* Past the last number there are no more: the rest of a very large demo has mail only. */
    if (dice < 110 || index > (int64_t)ARRAY_LEN(areas) * LINES)
        return;
    if (dice < 118 && before->number > 0) {
        p->number = before->number;
        write_number(p, "again");
        p->number = 0; /* a third one would be the same text */
        return;
    }
    p->number = number_of(index);
    if (dice < 128) {
        write_number(p, "x");
        p->number = 0;
    } else if (dice < 134) {
        (void)snprintf(p->phone, sizeof p->phone, "555-%07" PRId64, index); /* too short or long */
        p->number = 0;
    } else if (dice < 138) {
        (void)snprintf(p->phone, sizeof p->phone, "ask front desk (%" PRId64 ")", index);
        p->number = 0;
    } else {
        write_number(p, formats[demo_random_next(r) % ARRAY_LEN(formats)]);
    }
}

static void
upper_some(char *s)
{
    for (bool start = true; *s && *s != '@'; s++) {
        if (start && *s >= 'a' && *s <= 'z')
            *s = (char)(*s - 'a' + 'A');
        start = *s == '.';
    }
}

static void
make_email(struct demo_random *r, int64_t index, const char *given, const char *family,
           const struct demo_person *before, struct demo_person *p)
{
    static const char *const domains[] = {"example.com", "example.org", "example.net",
                                          "mail.example.com", "Example.COM"};
    int64_t dice = demo_random_range(r, 0, 999);
    const char *domain = domains[demo_random_next(r) % ARRAY_LEN(domains)];
    char low[sizeof p->email];

    p->email[0] = '\0';
    if (dice < 280)
        return;
    if (dice < 284 && before->email[0] >= 'a' && before->email[0] <= 'z') {
        (void)text_copy(p->email, sizeof p->email, before->email);
        upper_some(p->email);
        return;
    }
    if (dice < 290) {
        (void)snprintf(p->email, sizeof p->email, "%s%" PRId64 "@localhost", given, index);
        return;
    }
    if (dice < 294) {
        (void)snprintf(p->email, sizeof p->email, "%s %" PRId64 " (at) example.com", given, index);
        return;
    }
    (void)snprintf(low, sizeof low, "%s.%s%" PRId64 "@%s", given, family, index, domain);
    for (char *c = low; *c && *c != '@'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    (void)text_copy(p->email, sizeof p->email, low);
}

void
demo_person_make(struct demo_random *r, const struct demo_lists *lists, int64_t index,
                 const struct demo_person *before, struct demo_person *out)
{
    const struct demo_culture *c = pick_culture(r, lists);
    const struct demo_word *given = pick(r, &c->given);
    const struct demo_word *family = pick(r, &c->family);

    *out = (struct demo_person){0};
    make_name(r, c, given, family, out->name, sizeof out->name);
    make_phone(r, index, before, out);
    make_email(r, index, given->ascii, family->ascii, before, out);
}
