/* Words of a profile, one at a time: for its reader and the parse functions of observer kinds. */
#ifndef QIR_PROFILE_READER_H
#define QIR_PROFILE_READER_H

#include "profile.h"

#define MAX_COUNT ((int64_t)1 << 53)

struct qir_profile_reader {
    qir_context *ctx;
    qir_profile *profile;
    const char *file, *at, *end;
    const char *token; /* the current one; length 0 at the end */
    size_t len;
    uint32_t line, col, next_line;
    const char *line_start;
    int64_t reserved; /* bytes */
};

/* Goes on to the next word. */
void qir_profile_next_word(qir_profile_reader *r);
bool qir_profile_is_word(const qir_profile_reader *r, const char *word);
const qir_loc *qir_profile_place(const qir_profile_reader *r);

/* A number without sign, up to 18 digits. */
bool qir_profile_parse_int(const char *s, size_t len, int64_t *out);
/* The current word is one of 16 hexadecimal digits.  False: diagnosed. */
bool qir_profile_hash(qir_profile_reader *r, uint64_t *out);

#endif
