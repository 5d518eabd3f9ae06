// The process that holds a pod's namespaces open: it sleeps, reaps orphans that fall to it as process 1
// of a shared PID namespace, and ends on SIGTERM or SIGINT. Static and a few KiB of memory.
#include <signal.h>
#include <sys/wait.h>

int main(void) {
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGTERM);
  sigaddset(&awaited, SIGINT);
  sigaddset(&awaited, SIGCHLD);
  // Blocked, so that sigwait takes them: process 1 gets no signal that it neither blocks nor handles.
  sigprocmask(SIG_BLOCK, &awaited, 0);
  for (;;) {
    int arrived = 0;
    if (sigwait(&awaited, &arrived) != 0) return 1;
    if (arrived != SIGCHLD) return 0;
    while (waitpid(-1, 0, WNOHANG) > 0) {
    }
  }
}
