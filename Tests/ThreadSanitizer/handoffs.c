// Tells the thread sanitizer of what hands data from thread to thread in libraries that are not compiled with it: where
// a Swift `Mutex` is contended, the kernel passes it on (FUTEX_UNLOCK_PI), and libdispatch has its own queues. Without
// this, whatever they guard looks like a race.
//
// `Scripts/sanitize` loads it before all other libraries (LD_PRELOAD): each function here stands before the one of the
// same name, calls that, and says what happens before what. In a process without the sanitizer it says nothing.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

extern void __tsan_acquire(void *place) __attribute__((weak));
extern void __tsan_release(void *place) __attribute__((weak));

static void acquire(void *place) {
    if (__tsan_acquire) __tsan_acquire(place);
}

static void release(void *place) {
    if (__tsan_release) __tsan_release(place);
}

/// The function that this library stands before, looked up at its first call.
#define NEXT(type, name)                                      \
    static _Atomic(type) known;                               \
    type next = known;                                        \
    if (next == NULL) known = next = (type)dlsym(RTLD_NEXT, name); \
    if (next == NULL) abort()

// MARK: Mutex. Swift's calling convention: `self` is the context.

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

typedef SWIFT void (*lock_slow)(uint32_t thread, SELF void *self);
typedef SWIFT void (*unlock_slow)(SELF void *self);
typedef SWIFT bool (*try_lock_slow)(SELF void *self);

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"

SWIFT void mutex_lock_slow(uint32_t thread, SELF void *self) __asm__(LOCK_SLOW);
SWIFT void mutex_lock_slow(uint32_t thread, SELF void *self) {
    NEXT(lock_slow, LOCK_SLOW);
    next(thread, self);
    acquire(self);
}

SWIFT void mutex_unlock_slow(SELF void *self) __asm__(UNLOCK_SLOW);
SWIFT void mutex_unlock_slow(SELF void *self) {
    NEXT(unlock_slow, UNLOCK_SLOW);
    release(self);
    next(self);
}

SWIFT bool mutex_try_lock_slow(SELF void *self) __asm__(TRY_LOCK_SLOW);
SWIFT bool mutex_try_lock_slow(SELF void *self) {
    NEXT(try_lock_slow, TRY_LOCK_SLOW);
    const bool is_locked = next(self);
    if (is_locked) acquire(self);
    return is_locked;
}

// MARK: libdispatch, as far as this program and its libraries use it (<dispatch/dispatch.h>).

typedef void (^block)(void);
typedef void (*with_block)(void *object, block work);

/// Work that begins after all that came before it was handed over, and of whose end the queue knows. On a queue that
/// runs several at once this says too much: a race of two of its blocks is not found.
#define HANDED_OVER(queue, work) \
    ^{                           \
        acquire(queue);          \
        work();                  \
        release(queue);          \
    }

/// Work that comes back to whoever waits for it.
static void wait_for(with_block next, void *queue, block work) {
    release(queue);
    next(queue, HANDED_OVER(queue, work));
    acquire(queue);
}

void dispatch_sync(void *queue, block work) {
    NEXT(with_block, "dispatch_sync");
    wait_for(next, queue, work);
}

void dispatch_barrier_sync(void *queue, block work) {
    NEXT(with_block, "dispatch_barrier_sync");
    wait_for(next, queue, work);
}

void dispatch_async_and_wait(void *queue, block work) {
    NEXT(with_block, "dispatch_async_and_wait");
    wait_for(next, queue, work);
}

void dispatch_async(void *queue, block work) {
    NEXT(with_block, "dispatch_async");
    release(queue);
    next(queue, HANDED_OVER(queue, work));
}

void dispatch_barrier_async(void *queue, block work) {
    NEXT(with_block, "dispatch_barrier_async");
    release(queue);
    next(queue, HANDED_OVER(queue, work));
}

void dispatch_after(uint64_t when, void *queue, block work) {
    typedef void (*after)(uint64_t when, void *queue, block work);
    NEXT(after, "dispatch_after");
    release(queue);
    next(when, queue, HANDED_OVER(queue, work));
}

void dispatch_group_async(void *group, void *queue, block work) {
    typedef void (*group_async)(void *group, void *queue, block work);
    NEXT(group_async, "dispatch_group_async");
    release(queue);
    next(group, queue, ^{
        acquire(queue);
        work();
        release(queue);
        release(group);
    });
}

void dispatch_group_leave(void *group) {
    typedef void (*leave)(void *group);
    NEXT(leave, "dispatch_group_leave");
    release(group);
    next(group);
}

intptr_t dispatch_group_wait(void *group, uint64_t timeout) {
    typedef intptr_t (*wait)(void *group, uint64_t timeout);
    NEXT(wait, "dispatch_group_wait");
    const intptr_t status = next(group, timeout);
    acquire(group);
    return status;
}

intptr_t dispatch_semaphore_signal(void *semaphore) {
    typedef intptr_t (*signal)(void *semaphore);
    NEXT(signal, "dispatch_semaphore_signal");
    release(semaphore);
    return next(semaphore);
}

intptr_t dispatch_semaphore_wait(void *semaphore, uint64_t timeout) {
    typedef intptr_t (*wait)(void *semaphore, uint64_t timeout);
    NEXT(wait, "dispatch_semaphore_wait");
    const intptr_t status = next(semaphore, timeout);
    if (status == 0) acquire(semaphore);
    return status;
}
