/* Edit distance between short names (adjacent swaps count as one edit). */
#include "qir/support/suggest.h"

#include <string.h>

enum { LONGEST = 64 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Optimal string alignment distance; both strings at most LONGEST bytes. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t row[3][LONGEST + 1];
    for (size_t j = 0; j <= nb; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *cur = row[i % 3], *prev = row[(i + 2) % 3], *prev2 = row[(i + 1) % 3];
        cur[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            cur[j] = min3(prev[j] + 1, cur[j - 1] + 1, prev[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                prev2[j - 2] + 1 < cur[j])
                cur[j] = prev2[j - 2] + 1;
        }
    }
    return row[na % 3][nb];
}

void qir_suggestion_offer(qir_suggestion *s, const char *known)
{
    size_t n = strlen(known);
    if (s->len > LONGEST || n > LONGEST)
        return;
    size_t d = distance(s->name, s->len, known, n);
    size_t near = (s->len < n ? s->len : n) / 3 + 1;
    if (d <= near && (!s->best || d < s->distance)) {
        s->best = known;
        s->distance = d;
    }
}
