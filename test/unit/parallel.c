/* Loops on threads: every turn once, turns of a worker one after another, several threads at work, and none
 * left behind.
 *
 * RUN: unit-parallel | FileCheck %s
 * CHECK: 1 thread: 0 turns wrong, 1 at work, 1 left
 * CHECK: 4 threads: 0 turns wrong, 4 at work, 1 left
 * CHECK: 64 threads, 3 turns: 0 turns wrong, 3 at work, 1 left
 * CHECK: none: 0 turns wrong
 * CHECK: worth: 1 1 3 8
 * CHECK: default: ok
 */
#include "qir/support/parallel.h"

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TURNS = 10000 };

typedef struct board {
    int turns[TURNS];
    bool inside[QIR_MOST_THREADS]; /* a worker is in a turn: seen by no other */
    pthread_barrier_t *all; /* turns meet here */
    pthread_t thread[QIR_MOST_THREADS];
    bool known[QIR_MOST_THREADS];
} board;

static void turn(void *user, unsigned worker, int64_t i)
{
    board *b = user;
    b->turns[i]++;
    if (b->inside[worker] || (b->known[worker] && !pthread_equal(b->thread[worker], pthread_self())))
        b->turns[i] = -1;
    b->inside[worker] = true;
    b->thread[worker] = pthread_self();
    b->known[worker] = true;
    if (b->all && i < 4)
        pthread_barrier_wait(b->all); /* passes only where as many threads are at work */
    b->inside[worker] = false;
}

static int threads_now(void)
{
    int n = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *e; tasks && (e = readdir(tasks));)
        n += e->d_name[0] != '.';
    if (tasks)
        closedir(tasks);
    return n;
}

/* The system lists a thread that was joined for a moment more. */
static int threads_left(void)
{
    for (int i = 0; i < 1000 && threads_now() > 1; i++)
        usleep(1000);
    return threads_now();
}

static void check(const char *what, unsigned threads, int64_t n, unsigned meet)
{
    static board b;
    pthread_barrier_t all;
    memset(&b, 0, sizeof b);
    if (meet)
        pthread_barrier_init(&all, NULL, meet);
    b.all = meet ? &all : NULL;
    qir_parallel_for(threads, n, turn, &b);
    int wrong = 0, at_work = 0;
    for (int64_t i = 0; i < TURNS; i++)
        wrong += b.turns[i] != (i < n);
    for (unsigned i = 0; i < QIR_MOST_THREADS; i++)
        at_work += b.known[i];
    printf("%s: %d turns wrong, %d at work, %d left\n", what, wrong, at_work, threads_left());
    if (meet)
        pthread_barrier_destroy(&all);
}

int main(void)
{
    check("1 thread", 1, TURNS, 0);
    check("4 threads", 4, TURNS, 4);
    check("64 threads, 3 turns", 64, 3, 3);
    check("none", 8, 0, 0);
    printf("worth: %u %u %u %u\n", qir_threads_for(8, 0), qir_threads_for(1, INT64_MAX),
           qir_threads_for(8, 2 << 24), qir_threads_for(8, INT64_MAX));
    unsigned n = qir_threads_default();
    printf("default: %s\n", n >= 1 && n <= 8 ? "ok" : "wrong");
    return 0;
}
