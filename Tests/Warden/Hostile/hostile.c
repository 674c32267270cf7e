/* Hostile guests, one for each name: `hostile NAME [ARGUMENT]`. Each tries one thing that a guest must not be able to do. It ends
   with status 0 when it could ("done"), or with status 1 when it could not, saying how it was denied ("denied EPERM"). Each is
   bounded, so that it does no harm where the test has switched a defence off. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *argument = "";
static long number(void) { return atol(argument); }

static int say(const char *how, const char *what) {
    printf("%s %s\n", how, what);
    fflush(stdout);
    return strcmp(how, "done") != 0;
}

static int done(void) { return say("done", ""); }
static int denied(void) { return say("denied", strerrorname_np(errno)); }
static int judge(long result) { return result < 0 ? denied() : done(); }

/* Takes all that it may. */
static void ask_for_all(int resource) {
    struct rlimit limit;
    getrlimit(resource, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(resource, &limit);
}

/* A child that waits until its parent ends. */
static pid_t child(void) {
    pid_t pid = fork();
    if (pid == 0) pause();
    return pid;
}

/* --- Calls of the kernel */

static int trace(void) { return judge(ptrace(PTRACE_TRACEME, 0, 0, 0)); }

static int read_memory(void) {
    static char secret[] = "secret", found[sizeof secret];
    struct iovec here = {found, sizeof found}, there = {secret, sizeof secret};
    return judge(process_vm_readv(child(), &here, 1, &there, 1, 0));
}

static int fault_handler(void) { return judge(syscall(SYS_userfaultfd, O_CLOEXEC | 1)); }

static int ring(void) {
    char parameters[120] = {0};
    return judge(syscall(SYS_io_uring_setup, 1, parameters));
}

static int counter(void) {
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .config = PERF_COUNT_SW_TASK_CLOCK};
    event.exclude_kernel = event.exclude_hv = 1;
    return judge(syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
}

static int add_key(void) { return judge(syscall(SYS_add_key, "user", "surplus-test", "x", 1, -2)); }
static int keyring(void) { return judge(syscall(SYS_keyctl, 0, -2, 1)); }
static int namespace(void) { return judge(unshare(CLONE_NEWUSER)); }

static int born(long pid) {
    if (pid == 0) _exit(0);
    return judge(pid);
}

static int clone_namespace(void) { return born(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)); }

static int clone_by_memory(void) {
    unsigned long long parameters[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
    return born(syscall(SYS_clone3, parameters, sizeof parameters));
}

static int handle(void) {
    struct {
        struct file_handle head;
        char room[128];
    } found = {.head.handle_bytes = sizeof found.room};
    int mount;
    return judge(name_to_handle_at(AT_FDCWD, "/work", &found.head, &mount, 0));
}

static int fixed_addresses(void) { return judge(personality(ADDR_NO_RANDOMIZE)); }
static int machine_socket(void) { return judge(socket(AF_VSOCK, SOCK_STREAM, 0)); }
static int event_socket(void) { return judge(socket(AF_NETLINK, SOCK_RAW, 15)); }
static int packet_socket(void) { return judge(socket(AF_PACKET, SOCK_RAW, 0)); }
static int raw_socket(void) { return judge(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }

static int keystroke(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY), terminal, status;
    if (master < 0 || grantpt(master) || unlockpt(master)) return denied();
    if (fork() > 0) return wait(&status) < 0 || status != 0;
    setsid();
    terminal = open(ptsname(master), O_RDWR);
    if (terminal < 0) _exit(denied());
    ioctl(terminal, TIOCSCTTY, 0);
    /* the kernel looks at the lower half of the request only */
    _exit(judge(syscall(SYS_ioctl, terminal, 0x100000000UL | TIOCSTI, "x")));
}

static int other_convention(void) {
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
    errno = (int)-result;
    return judge(result);
#else
    return done();
#endif
}

static int local_table(void) {
#ifdef __x86_64__
    char table[64];
    return judge(syscall(SYS_modify_ldt, 0, table, sizeof table));
#else
    return done();
#endif
}

static int compare(void) { return judge(syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0)); }
static int steal_descriptor(void) { return judge(syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, child(), 0), 1, 0)); }
static int memory_policy(void) { return judge(syscall(SYS_set_mempolicy, 0, NULL, 0)); }
static int tree(void) { return judge(syscall(SYS_open_tree, AT_FDCWD, "/", 0)); }
static int watch_files(void) { return judge(syscall(SYS_fanotify_init, 0x200, O_RDONLY)); }
static int mount_memory(void) { return judge(mount("none", "/tmp", "tmpfs", 0, "size=64k")); }
static int change_root(void) { return judge(chroot("/tmp")); }
static int rename_host(void) { return judge(sethostname("other", 5)); }
static int enter_namespace(void) { return judge(setns(open("/proc/self/ns/uts", O_RDONLY), 0)); }

/* --- What does not belong to it */

static int become_root(void) { return judge(setuid(0)); }

static int see_process(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s", argument);
    return judge(access(path, F_OK));
}

static int connect_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(number()), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return judge(connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address));
}

static int connect_abstract(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path + 1, argument, sizeof address.sun_path - 2);
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argument);
    return judge(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, length));
}

static int shared_segment(void) { return judge(shmget(number(), 0, 0)); }

static int learn_name(void) {
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    return strcmp(name, argument) == 0 ? done() : say("denied", name);
}

static int learn_group(void) {
    static char text[8192];
    if (read(open("/proc/self/cgroup", O_RDONLY), text, sizeof text - 1) < 0) return denied();
    return strstr(text, argument) ? done() : say("denied", "/");
}

static int follow_link(void) {
    if (symlink(argument, "/work/link")) return denied();
    return judge(open("/work/link", O_RDONLY));
}

/* For the lender to follow, when it takes the work directory over. */
static int leave_link(void) { return judge(symlink(argument, "/work/link")); }

static int make_file(void) { return judge(open(argument, O_WRONLY | O_CREAT | O_EXCL, 0644)); }

static int read_file(void) {
    char byte;
    int file = open(argument, O_RDONLY);
    if (file < 0) return denied();
    return read(file, &byte, 1) == 1 ? done() : say("denied", "nothing in it");
}

static int find_disk(void) {
    DIR *folder = opendir("/dev");
    struct dirent *entry;
    struct stat status;
    while (folder && (entry = readdir(folder)))
        if (fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISBLK(status.st_mode)) return done();
    errno = ENOENT;
    return denied();
}

/* --- More than its share */

static int write_file(int file, long mebibytes) {
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    for (long i = 0; i < mebibytes; i++)
        if (write(file, block, sizeof block) != sizeof block) return -1;
    return 0;
}

static int fill(const char *folder) {
    char path[64];
    for (long i = 0; i < number(); i++) {
        snprintf(path, sizeof path, "%s/%ld", folder, i);
        if (write_file(open(path, O_WRONLY | O_CREAT, 0600), 1)) return denied();
    }
    return done();
}

static int fill_tmp(void) { return fill("/tmp"); }
static int fill_shared(void) { return fill("/dev/shm"); }
static int fill_work(void) { return fill("/work"); }

static int many_files(void) {
    char path[64];
    for (long i = 0; i < number(); i++) {
        snprintf(path, sizeof path, "/work/%ld", i);
        int file = open(path, O_WRONLY | O_CREAT, 0600);
        if (file < 0) return denied();
        close(file);
    }
    return done();
}

/* Stays, because what has no name goes with it. */
static int nameless_files(void) {
    for (int i = 0; i < 2; i++) {
        int file = open("/work/nameless", O_RDWR | O_CREAT, 0600);
        if (file < 0 || unlink("/work/nameless") || write_file(file, number() / 2)) return denied();
    }
    done();
    for (;;) pause();
}

static int vast_file(void) {
    signal(SIGXFSZ, SIG_IGN);
    return judge(ftruncate(open("/work/vast", O_WRONLY | O_CREAT, 0600), 1L << 40));
}

static int forks(void) {
    for (long i = 0; i < number(); i++)
        if (child() < 0) return denied();
    return done();
}

static void *idle(void *nothing) {
    pause();
    return nothing;
}

static int threads(void) {
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    for (long i = 0; i < number(); i++)
        if ((errno = pthread_create(&thread, &small, idle, NULL))) return denied();
    return done();
}

static int take_memory(void) {
    size_t size = (size_t)number() << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return denied();
    for (size_t i = 0; i < size; i += 4096) memory[i] = 1;
    return done();
}

static int lock_memory(void) {
    void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return judge(mlock(memory, 1 << 20));
}

static int queue(void) {
    struct mq_attr size = {.mq_maxmsg = 10, .mq_msgsize = 8192};
    return judge(mq_open("/surplus-test", O_RDWR | O_CREAT, 0600, &size));
}

static int open_files(void) {
    ask_for_all(RLIMIT_NOFILE);
    for (long i = 0; i < number(); i++)
        if (open("/dev/null", O_RDONLY) < 0) return denied();
    return done();
}

static int queue_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (long i = 0; i < number(); i++)
        if (sigqueue(getpid(), SIGRTMIN, (union sigval){0})) return denied();
    return done();
}

static int dump(void) {
    int status;
    ask_for_all(RLIMIT_CORE);
    pid_t pid = fork();
    if (pid == 0) abort();
    waitpid(pid, &status, 0);
    return WCOREDUMP(status) ? done() : say("denied", "no core");
}

static int hurry(void) { return judge(setpriority(PRIO_PROCESS, 0, 0)); }

static int flood(void) { return write_file(STDOUT_FILENO, number()) ? denied() : 0; }

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void *spin(void *used) {
    while (seconds(CLOCK_PROCESS_CPUTIME_ID) < *(double *)used) continue;
    return NULL;
}

/* Uses all processors, for a tenth of a second altogether. Whether it is held back only the kernel can tell from others' work. */
static int hog(void) {
    double used = 0.1;
    pthread_t others[3];
    for (int i = 0; i < 3; i++) pthread_create(&others[i], NULL, spin, &used);
    spin(&used);
    for (int i = 0; i < 3; i++) pthread_join(others[i], NULL);
    return done();
}

/* Says when it is there and when it has been asked to end, and does not. */
static int ignore_signals(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    puts("here");
    fflush(stdout);
    for (int number; sigwait(&all, &number) == 0;)
        if (number == SIGTERM) done();
    return 1;
}

static void go_on(int number) {
    if (write(STDOUT_FILENO, "done\n", 5) < 0) _exit(number);
}

/* Makes processes for as long as it lives, all of which go on when asked to end. */
static int fork_on(void) {
    signal(SIGTERM, go_on);
    puts("here");
    fflush(stdout);
    for (;;)
        if (fork() == 0 && fork() == 0) _exit(0);
}

static const struct {
    const char *name;
    int (*run)(void);
} guests[] = {
    {"trace", trace}, {"read-memory", read_memory}, {"fault-handler", fault_handler}, {"ring", ring}, {"counter", counter},
    {"add-key", add_key}, {"keyring", keyring}, {"namespace", namespace}, {"clone-namespace", clone_namespace},
    {"clone-by-memory", clone_by_memory}, {"handle", handle}, {"fixed-addresses", fixed_addresses},
    {"machine-socket", machine_socket}, {"event-socket", event_socket}, {"packet-socket", packet_socket},
    {"raw-socket", raw_socket}, {"keystroke", keystroke}, {"other-convention", other_convention}, {"local-table", local_table},
    {"compare", compare}, {"steal-descriptor", steal_descriptor}, {"memory-policy", memory_policy}, {"tree", tree},
    {"watch-files", watch_files}, {"mount-memory", mount_memory}, {"change-root", change_root}, {"rename-host", rename_host},
    {"enter-namespace", enter_namespace}, {"become-root", become_root}, {"see-process", see_process},
    {"connect-loopback", connect_loopback}, {"connect-abstract", connect_abstract}, {"shared-segment", shared_segment},
    {"learn-name", learn_name}, {"learn-group", learn_group}, {"follow-link", follow_link}, {"leave-link", leave_link}, {"make-file", make_file},
    {"read-file", read_file}, {"find-disk", find_disk}, {"fill-tmp", fill_tmp}, {"fill-shared", fill_shared},
    {"fill-work", fill_work}, {"many-files", many_files}, {"nameless-files", nameless_files}, {"vast-file", vast_file},
    {"forks", forks}, {"threads", threads}, {"take-memory", take_memory}, {"lock-memory", lock_memory}, {"queue", queue},
    {"open-files", open_files}, {"queue-signals", queue_signals}, {"dump", dump}, {"hurry", hurry},
    {"flood", flood}, {"hog", hog}, {"ignore-signals", ignore_signals}, {"fork-on", fork_on},
};

int main(int count, char **words) {
    if (count > 2) argument = words[2];
    for (size_t i = 0; count > 1 && i < sizeof guests / sizeof guests[0]; i++)
        if (strcmp(words[1], guests[i].name) == 0) return guests[i].run();
    return 2;
}
