/* System calls and floating-point control words: one section per architecture. */
#include "machine.h"

#if defined(__x86_64__)
enum { SYS_WRITE = 1, SYS_MMAP = 9, SYS_MPROTECT = 10, SYS_EXIT = 60 };
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");

static long call6(long n, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long r = n;
    __asm__ volatile("syscall"
                     : "+a"(r)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return r;
}

enum { MXCSR_DEFAULT = 0x1f80, MXCSR_FLAGS = 0x3f, X87_DEFAULT = 0x37f };

/* Divisions by zero and invalid operations trap where the code runs with these masks. */
static uint32_t mxcsr(unsigned i)
{
    uint32_t masks = i & 1 ? 0x0000 : 0x1f80;
    return masks | (i & 3) << 13 | (i & 4 ? 1u << 15 : 0) | (i & 8 ? 1u << 6 : 0);
}

/* The x87 unit: single, double, extended precision; its rounding. */
static uint16_t x87(unsigned i)
{
    static const uint16_t precision[] = {0x000, 0x200, 0x300, 0x000};
    return (uint16_t)(0x7f | precision[i & 3] | (i >> 2 & 3) << 10);
}

/* Does the system keep the upper halves of vector registers? */
static int has_avx(void)
{
    uint32_t a = 1, b, c = 0, d;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c >> 28 & 1) && (c >> 27 & 1);
}

void machine_disturb(unsigned i)
{
    uint32_t word = mxcsr(i);
    uint16_t control = x87(i);
    if (has_avx())
        __asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
                         "\tvcmptrueps %%ymm\\n, %%ymm\\n, %%ymm\\n\n.endr"
                         :
                         :
                         : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                           "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    __asm__ volatile("fldcw %0\n\tldmxcsr %1" : : "m"(control), "m"(word));
}

int machine_restored(unsigned i)
{
    static const uint32_t plain = MXCSR_DEFAULT;
    static const uint16_t plain_x87 = X87_DEFAULT;
    uint32_t word;
    uint16_t control;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(word), "=m"(control));
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(plain), "m"(plain_x87));
    return (word & ~(uint32_t)MXCSR_FLAGS) == mxcsr(i) && (control & 0xf3f) == (x87(i) & 0xf3f);
}

#elif defined(__aarch64__)
enum { SYS_WRITE = 64, SYS_EXIT = 93, SYS_MMAP = 222, SYS_MPROTECT = 226 };
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tb start\n");

static long call6(long n, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

static uint64_t fpcr(unsigned i)
{
    return (uint64_t)(i & 3) << 22 | (uint64_t)(i >> 2 & 1) << 24 | (uint64_t)(i >> 3 & 1) << 25;
}

void machine_disturb(unsigned i)
{
    __asm__ volatile("msr FPCR, %0" : : "r"(fpcr(i)));
}

int machine_restored(unsigned i)
{
    uint64_t word;
    __asm__ volatile("mrs %0, FPCR\n\tmsr FPCR, xzr" : "=r"(word));
    return word == fpcr(i);
}

#elif defined(__riscv)
enum { SYS_WRITE = 64, SYS_EXIT = 93, SYS_MMAP = 222, SYS_MPROTECT = 226 };
__asm__(".globl _start\n_start:\n\tmv a0, sp\n\tandi sp, sp, -16\n\tcall start\n");

static long call6(long n, long a, long b, long c, long d, long e, long f)
{
    register long a7 __asm__("a7") = n, a0 __asm__("a0") = a, a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c, a3 __asm__("a3") = d, a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}

/* Subnormals are always kept; rounding towards zero, down and up. */
void machine_disturb(unsigned i)
{
    __asm__ volatile("csrw frm, %0" : : "r"((long)(i & 3)));
}

int machine_restored(unsigned i)
{
    long word;
    __asm__ volatile("csrr %0, frm\n\tcsrw frm, zero" : "=r"(word));
    return word == (long)(i & 3);
}
#endif

void machine_write(const char *text, size_t n)
{
    while (n > 0) {
        long done = call6(SYS_WRITE, 1, (long)text, (long)n, 0, 0, 0);
        if (done <= 0)
            machine_exit(74);
        text += done;
        n -= (size_t)done;
    }
}

_Noreturn void machine_exit(int code)
{
    for (;;)
        call6(SYS_EXIT, code, 0, 0, 0, 0, 0);
}

uint8_t *machine_guarded(size_t bytes)
{
    enum { NONE = 0, READ_WRITE = 3, PRIVATE_ANONYMOUS = 0x22 };
    size_t room = (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
    long p = call6(SYS_MMAP, 0, (long)(room + 2 * PAGE), NONE, PRIVATE_ANONYMOUS, -1, 0);
    if (p <= 0 || call6(SYS_MPROTECT, p + PAGE, (long)room, READ_WRITE, 0, 0, 0))
        return NULL;
    return (uint8_t *)p + PAGE;
}
