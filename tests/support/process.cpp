#include "support/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace hws::test {

namespace {

// What is allocated before fork, since a child of a program with threads may call little more than
// system calls.
struct Prepared {
    std::vector<char*> arguments;
    std::vector<std::string> variables;
    std::vector<char*> environment;
};

Prepared prepare(const std::vector<std::string>& arguments, const ProcessOptions& options) {
    Prepared prepared;
    for (const std::string& argument : arguments)
        prepared.arguments.push_back(const_cast<char*>(argument.c_str()));
    prepared.arguments.push_back(nullptr);
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string variable = *entry;
        bool replaced = false;
        for (const auto& [name, value] : options.environment)
            replaced = replaced || variable.starts_with(name + "=");
        if (!replaced) prepared.variables.push_back(variable);
    }
    for (const auto& [name, value] : options.environment)
        prepared.variables.push_back(name + "=" + value);
    for (std::string& variable : prepared.variables)
        prepared.environment.push_back(variable.data());
    prepared.environment.push_back(nullptr);
    return prepared;
}

int open_file(const std::filesystem::path& path, int flags) {
    const int number = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (number < 0)
        throw std::runtime_error("cannot open " + path.string() + ": " + std::strerror(errno));
    return number;
}

// In the child, from fork to exec. Returns errno of what failed.
int become(const Prepared& prepared, const ProcessOptions& options, pid_t parent,
           const int (&streams)[3]) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have ended before the line above.
    if (::getppid() != parent) ::_exit(127);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int stream = 0; stream < 3; ++stream)
        if (::dup2(streams[stream], stream) < 0) return errno;
    if (!options.working_folder.empty() && ::chdir(options.working_folder.c_str()) != 0)
        return errno;
    ::execvpe(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
    return errno;
}

} // namespace

Process::Process(const std::vector<std::string>& arguments, const ProcessOptions& options) {
    const Prepared prepared = prepare(arguments, options);
    const std::filesystem::path input = options.input.empty()
                                            ? std::filesystem::path("/dev/null")
                                            : folder_.write("stdin", options.input);
    const int streams[3] = {open_file(input, O_RDONLY),
                            open_file(folder_.path() / "stdout", O_WRONLY | O_CREAT | O_APPEND),
                            open_file(folder_.path() / "stderr", O_WRONLY | O_CREAT | O_APPEND)};
    // exec closes the pipe; a child that could not exec writes its errno first.
    int report[2];
    if (::pipe2(report, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
        const int failure = become(prepared, options, parent, streams);
        (void)!::write(report[1], &failure, sizeof failure);
        ::_exit(127);
    }
    const int fork_error = errno;
    for (const int stream : streams)
        ::close(stream);
    ::close(report[1]);
    int failure = pid_ < 0 ? fork_error : 0;
    if (pid_ > 0) {
        pid_descriptor_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
        if (::read(report[0], &failure, sizeof failure) != sizeof failure) failure = 0;
    }
    ::close(report[0]);
    if (failure != 0) {
        if (pid_ > 0) reap();
        throw std::runtime_error("cannot start " + arguments[0] + ": " + std::strerror(failure));
    }
}

Process::Process(Process&& other) noexcept
    : folder_(std::move(other.folder_)), pid_(std::exchange(other.pid_, -1)),
      pid_descriptor_(std::exchange(other.pid_descriptor_, -1)), exit_code_(other.exit_code_) {}

Process& Process::operator=(Process&& other) noexcept {
    std::swap(folder_, other.folder_);
    std::swap(pid_, other.pid_);
    std::swap(pid_descriptor_, other.pid_descriptor_);
    std::swap(exit_code_, other.exit_code_);
    return *this;
}

Process::~Process() {
    if (pid_ > 0) stop();
    if (pid_descriptor_ >= 0) ::close(pid_descriptor_);
}

std::optional<int> Process::wait(std::chrono::milliseconds limit) {
    if (exit_code_ || pid_ < 0) return exit_code_;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd ended{pid_descriptor_, POLLIN, 0};
        const int ready = ::poll(&ended, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
        if (ready > 0) break;
        if (ready == 0) return std::nullopt;
        if (errno != EINTR) throw std::runtime_error("cannot wait for a process");
    }
    reap();
    return exit_code_;
}

void Process::reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int Process::stop(std::chrono::milliseconds grace) {
    signal(SIGTERM);
    if (const std::optional<int> code = wait(grace)) return *code;
    signal(SIGKILL);
    return wait(std::chrono::seconds(10)).value_or(128 + SIGKILL);
}

void Process::signal(int number) const {
    // Until it is reaped, the number cannot belong to another process.
    if (pid_ > 0 && !exit_code_) ::kill(pid_, number);
}

Process run_process(const std::vector<std::string>& arguments, const ProcessOptions& options,
                    std::chrono::milliseconds limit) {
    Process process(arguments, options);
    if (!process.wait(limit)) {
        throw std::runtime_error(arguments[0] + " did not end within " +
                                 std::to_string(limit.count()) +
                                 " ms; it said: " + process.output() + process.errors());
    }
    return process;
}

} // namespace hws::test
