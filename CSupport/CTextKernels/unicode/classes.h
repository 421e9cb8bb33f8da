/// The general categories that the split patterns of o200k_base and cl100k_base tell apart, in a two-stage table:
/// `tk_class_index[code_point >> 8]` is the block that holds `code_point & 0xFF`; equal blocks are stored once (36 KB).
#pragma once
#include "textkernels.h"

typedef enum {
    TK_OTHER = 0,     ///< none of those below: punctuation, symbols, controls, unassigned
    TK_UPPER = 1,     ///< Lu, Lt
    TK_LOWER = 2,     ///< Ll
    TK_CASELESS = 3,  ///< Lm, Lo
    TK_MARK = 4,      ///< M
    TK_NUMBER = 5,    ///< N
    TK_SPACE = 6,     ///< White_Space but CR and LF
    TK_NEWLINE = 7,   ///< CR, LF
    TK_END = 8,       ///< not a code point: the end of the text
} tk_class;

extern const uint8_t tk_class_index[0x110000 >> 8];
extern const uint8_t tk_class_blocks[][256];

/// For code points up to 0x10FFFF.
static inline tk_class tk_class_of(uint32_t code_point) {
    return (tk_class)tk_class_blocks[tk_class_index[code_point >> 8]][code_point & 0xFF];
}
