/*
 * The smallest useful first process: it sleeps until SIGINT or SIGTERM, and takes in the orphans
 * of a shared process namespace. No libc, so that the whole image is one file of a few hundred
 * bytes; on processors whose calls are not spelled out here, plain libc does the same.
 */
#if defined(__x86_64__)
enum { CALL_SIGACTION = 13, CALL_PAUSE = 34, CALL_EXIT = 60, CALL_WAIT4 = 61 };
enum { INTERRUPT = 2, TERMINATE = 15, CHILD = 17, NO_CHILD_STOP = 1, RESTORER = 0x04000000 };
enum { NO_HANG = 1 };

static long call(long number, long a, long b, long c, long d) {
  long result;
  register long fourth __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                   : "rcx", "r11", "memory");
  return result;
}

__asm__(".globl restore\nrestore:\n mov $15,%eax\n syscall\n");
void restore(void);

struct action {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)(void);
  unsigned long mask;
};

static void leave(int signal) {
  (void)signal;
  call(CALL_EXIT, 0, 0, 0, 0);
}

static void reap(int signal) {
  (void)signal;
  while (call(CALL_WAIT4, -1, 0, NO_HANG, 0) > 0) {
  }
}

static void on(int signal, void (*handler)(int), unsigned long flags) {
  struct action wanted = {handler, flags | RESTORER, restore, 0};
  call(CALL_SIGACTION, signal, (long)&wanted, 0, 8);
}

__attribute__((force_align_arg_pointer)) void _start(void) {
  on(INTERRUPT, leave, 0);
  on(TERMINATE, leave, 0);
  on(CHILD, reap, NO_CHILD_STOP);
  for (;;) {
    call(CALL_PAUSE, 0, 0, 0, 0);
  }
}
#else
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave(int signal) {
  (void)signal;
  _exit(0);
}

static void reap(int signal) {
  (void)signal;
  while (waitpid(-1, 0, WNOHANG) > 0) {
  }
}

int main(void) {
  signal(SIGINT, leave);
  signal(SIGTERM, leave);
  signal(SIGCHLD, reap);
  for (;;) {
    pause();
  }
}
#endif
