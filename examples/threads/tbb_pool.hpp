// oneTBB as the pool of a compiled model.  `user` is the arena that the tasks run in:
//     tbb::task_arena arena(4);
//     qcc_pool pool = {&arena, 4, tbb_for};
#ifndef TBB_POOL_HPP
#define TBB_POOL_HPP

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

inline void tbb_for(void *user, void (*task)(void *arg, unsigned index), void *arg, unsigned count)
{
    static_cast<tbb::task_arena *>(user)->execute([=] {
        tbb::parallel_for(0u, count, [=](unsigned i) { task(arg, i); }, tbb::static_partitioner());
    });
}

#endif
