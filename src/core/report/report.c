#include "core/report/report.h"

#include <math.h>

/*
 * The normal approximation is trusted from five answers and five silences on each side on; with
 * fewer the page says that there is too little data instead of a number.
 */
#define LEAST 5

bool
report_difference(int64_t contacted_a, int64_t responded_a, int64_t contacted_b,
                  int64_t responded_b, double *points, double *confidence)
{
    double pa;
    double pb;
    double pooled;
    double spread;

    if (responded_a < LEAST || responded_b < LEAST || contacted_a - responded_a < LEAST ||
        contacted_b - responded_b < LEAST)
        return false;
    pa = (double)responded_a / (double)contacted_a;
    pb = (double)responded_b / (double)contacted_b;
    pooled = (double)(responded_a + responded_b) / (double)(contacted_a + contacted_b);
    spread = sqrt(pooled * (1 - pooled) * (1 / (double)contacted_a + 1 / (double)contacted_b));
    *points = (pb - pa) * 100;
    *confidence = erf(fabs(pb - pa) / spread / sqrt(2));
    return true;
}
