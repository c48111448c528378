/* gate PROGRAM [ARG…]: waits until its network namespace has a default route, then becomes PROGRAM. */
typedef unsigned long word;
static long call(long n, long a, long b, long c) {
#if defined(__x86_64__)
  long r;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return r;
#else
  register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#endif
}
#if defined(__x86_64__)
enum { WRITE = 1, CLOSE = 3, NANOSLEEP = 35, SOCKET = 41, CONNECT = 42, EXECVE = 59, EXIT = 231 };
#else
enum { WRITE = 64, CLOSE = 57, NANOSLEEP = 101, SOCKET = 198, CONNECT = 203, EXECVE = 221, EXIT = 94 };
#endif

__attribute__((used)) void start(word *stack) {
  long argc = (long)stack[0];
  char **argv = (char **)(stack + 1), **envp = argv + argc + 1, *path = 0;
  /* AF_INET, port 9, 198.51.100.1 (TEST-NET-2): connecting a datagram socket sends nothing, it only asks for a route. */
  word address[2] = {0x016433c609000002ul, 0};
  word pause[2] = {0, 1000000};
  if (argc < 2) call(EXIT, 127, 0, 0);
  for (;;) {
    /* A socket each time: SOCK_DGRAM | SOCK_CLOEXEC. */
    long handle = call(SOCKET, 2, 02000002, 0);
    long answer = handle < 0 ? 0 : call(CONNECT, handle, (long)address, 16);
    if (handle >= 0) call(CLOSE, handle, 0, 0);
    if (answer != -101) break; /* ENETUNREACH */
    call(NANOSLEEP, (long)pause, 0, 0);
  }
  char *program = argv[1];
  int slash = 0, length = 0;
  for (; program[length]; length++) slash |= program[length] == '/';
  long error;
  if (slash) {
    error = call(EXECVE, (long)program, (long)(argv + 1), (long)envp);
  } else {
    error = -2;
    for (; *envp; envp++)
      if (envp[0][0] == 'P' && envp[0][1] == 'A' && envp[0][2] == 'T' && envp[0][3] == 'H' && envp[0][4] == '=') path = *envp + 5;
    envp = argv + argc + 1;
    while (path && *path) {
      char name[4096];
      int n = 0;
      while (*path && *path != ':' && n < 2048) name[n++] = *path++;
      while (*path && *path != ':') path++;
      if (*path) path++;
      if (n == 0) name[n++] = '.';
      name[n++] = '/';
      for (int i = 0; i <= length && n < 4095; i++) name[n++] = program[i];
      name[4095] = 0;
      long why = call(EXECVE, (long)name, (long)(argv + 1), (long)envp);
      if (why != -2 && why != -20) error = why; /* ENOENT, ENOTDIR: look on. */
    }
  }
  call(WRITE, 2, (long)"cannot run ", 11);
  call(WRITE, 2, (long)program, length);
  call(WRITE, 2, (long)"\n", 1);
  call(EXIT, error == -2 || error == -20 ? 127 : 126, 0, 0);
}
#if defined(__x86_64__)
__asm__(".section .text.first,\"ax\"\n.globl _start\n_start: mov %rsp,%rdi\nand $-16,%rsp\ncall start\n");
#else
__asm__(".section .text.first,\"ax\"\n.globl _start\n_start: mov x0,sp\nand sp,x0,-16\nbl start\n");
#endif
