/* /bin/sh of the busybox image. Debian's busybox drops variables whose names are no identifiers (data-1), the busybox of
 * the tests' own image keeps them, and a test reads them with `sh -c env`; another test compares busybox's words of
 * failure. So bash runs where such a variable is there, and busybox where not.   gcc -Os -static */
#include <unistd.h>

extern char **environ;

static int letter(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

int main(int argc, char **argv) {
  (void)argc;
  for (char **each = environ; *each; each++)
    for (char *at = *each; *at && *at != '='; at++)
      if (!letter(*at)) { execv("/usr/bin/bash-static", argv); break; }
  execv("/usr/bin/busybox", argv);
  return 127;
}
