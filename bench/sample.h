/* Where a program is, every 100 microseconds: a timer's signal notes the program counter. */
#ifndef QCC_BENCH_SAMPLE_H
#define QCC_BENCH_SAMPLE_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <ucontext.h>

enum { MOST_SAMPLES = 1 << 20, SAMPLE_NANOSECONDS = 100000 };

static uint64_t sampled[MOST_SAMPLES];
static volatile sig_atomic_t sample_count;

static void take_sample(int number, siginfo_t *info, void *context)
{
    const ucontext_t *c = context;
    (void)number;
    (void)info;
#if defined __x86_64__
    uint64_t pc = (uint64_t)c->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    uint64_t pc = c->uc_mcontext.pc;
#else
    uint64_t pc = 0;
    (void)c;
#endif
    if (sample_count < MOST_SAMPLES)
        sampled[sample_count++] = pc;
}

/* Takes samples while work(arg) runs for that long, again and again; writes them to a file.  How many,
 * or -1. */
static long sample(void (*work)(const void *arg), const void *arg, double duration, const char *path)
{
    struct sigaction action = {.sa_sigaction = take_sample, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGPROF};
    const struct itimerspec every = {{0, SAMPLE_NANOSECONDS}, {0, SAMPLE_NANOSECONDS}};
    timer_t timer;
    if (sigaction(SIGPROF, &action, NULL) || timer_create(CLOCK_MONOTONIC, &event, &timer))
        return -1;
    sample_count = 0;
    double end = seconds() + duration;
    timer_settime(timer, 0, &every, NULL);
    while (seconds() < end)
        work(arg);
    timer_delete(timer);
    FILE *out = fopen(path, "wb");
    size_t n = (size_t)sample_count;
    if (!out || fwrite(sampled, sizeof *sampled, n, out) != n)
        return -1;
    return fclose(out) ? -1 : (long)n;
}

#endif
