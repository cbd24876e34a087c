/* The interface of libreaddigit. */
#ifndef READ_DIGIT_H
#define READ_DIGIT_H

/* Which digit do 8 rows of 8 pixels from 0 (paper) to 16 (ink) show?  Any number of threads may ask at
 * the same time.  Negative: this CPU cannot tell. */
int read_digit(const unsigned char pixels[64]);

#endif
