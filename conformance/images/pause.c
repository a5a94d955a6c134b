/* The program of the pause image: sleeps for ever, reaps orphans (it is process 1 where a pod shares its processes)
 * and leaves at SIGINT and SIGTERM.   gcc -Os -static */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave(int signal) { (void)signal; _exit(0); }

static void reap(int signal) {
  (void)signal;
  while (waitpid(-1, 0, WNOHANG) > 0) { }
}

int main(void) {
  signal(SIGINT, leave);
  signal(SIGTERM, leave);
  signal(SIGCHLD, reap);
  for (;;) pause();
}
