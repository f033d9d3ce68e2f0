"""What every exported C file says around its network: how it is used, and the loop over a batch."""

from __future__ import annotations

HEAD = """\
/* {name}: a trained neural network as one C99 file, which needs <math.h> and no memory but the stack.

   Written by Backlit {version}. predict takes one sample, {takes},
   and gives {gives}: {outputs}. Numbers lie row by row.
   predict_batch takes n samples, one behind the other. Both can be called by several threads at once;
   they need about {stack} bytes of stack. To call them, declare

       {single};
       {batch};

   and compile with  cc -std=c99 -O2 ... -lm
*/

#include <math.h>

{single};
{batch};
"""
PREDICT = """\
{single} {{
{body}
}}

{batch} {{
    for (long long i = 0; i < n; i++)
        predict({calls});
}}"""
TAKEN = """
    auto break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    main errno abs acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs
    fdim floor fma fmax fmin fmod frexp hypot ilogb j0 j1 jn ldexp lgamma gamma llrint llround log log10 log1p
    log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint round scalb scalbln
    scalbn significand signgam sin sinh sqrt tan tanh tgamma trunc y0 y1 yn drem finite isinf isnan isfinite
    isnormal signbit fpclassify predict predict_batch total places start end top best row held named at value
    outer inner size count columns rows reverse
    bool true false nullptr alignas alignof constexpr static_assert thread_local typeof typeof_unqual asm unix linux
"""  # words of C, up to C23 and those that GNU adds, functions of <math.h>, and names that our own functions use
KEYWORDS = frozenset(TAKEN.split())
