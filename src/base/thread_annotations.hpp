#pragma once

// Which mutex guards what, said so that the compiler checks it: clang's -Wthread-safety, an error
// in the clang preset. Empty for other compilers. The names are those of clang's documentation.

#ifdef __clang__
#define BROOD_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define BROOD_THREAD_ANNOTATION(x)
#endif

/// A class that is a lock. `kind` is the word for it in diagnostics.
#define BROOD_CAPABILITY(kind) BROOD_THREAD_ANNOTATION(capability(kind))
/// A class that holds a lock from its constructor to its destructor.
#define BROOD_SCOPED_CAPABILITY BROOD_THREAD_ANNOTATION(scoped_lockable)

/// A member that only the holder of the lock may read or write.
#define BROOD_GUARDED_BY(lock) BROOD_THREAD_ANNOTATION(guarded_by(lock))

/// A function that its callers call with the locks held.
#define BROOD_REQUIRES(...) BROOD_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
/// A function that its callers call without the locks: it takes them itself.
#define BROOD_EXCLUDES(...) BROOD_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
/// A function that returns with the locks held; those of a member function without arguments: this.
#define BROOD_ACQUIRE(...) BROOD_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
/// The same where the result is the first argument.
#define BROOD_TRY_ACQUIRE(...) BROOD_THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
/// A function that gives the locks back.
#define BROOD_RELEASE(...) BROOD_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
/// A function after which the locks count as held.
#define BROOD_ASSERT_CAPABILITY(...) BROOD_THREAD_ANNOTATION(assert_capability(__VA_ARGS__))
/// A function that returns a reference to the lock.
#define BROOD_RETURN_CAPABILITY(lock) BROOD_THREAD_ANNOTATION(lock_returned(lock))

/// A function whose locking clang cannot follow. A comment says why it is right.
#define BROOD_NO_THREAD_SAFETY_ANALYSIS BROOD_THREAD_ANNOTATION(no_thread_safety_analysis)
