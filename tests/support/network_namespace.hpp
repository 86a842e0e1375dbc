#pragma once
/// A network of a test's own: a thread inside a new network namespace, with nothing but a loopback
/// device that is up. Source: network_namespaces(7), unshare(2).

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace hws::test {

class NetworkNamespace {
public:
    NetworkNamespace();
    ~NetworkNamespace();
    NetworkNamespace(const NetworkNamespace&) = delete;
    NetworkNamespace& operator=(const NetworkNamespace&) = delete;

    /// False: the system does not let this process make one (it takes CAP_SYS_ADMIN).
    bool is_available() const { return available_; }
    /// Runs `work` in the namespace's thread and waits for its end; what it throws is thrown here.
    void run(const std::function<void()>& work);
    /// Runs a shell command in the namespace; false if it fails. Its output is dropped.
    bool shell(const std::string& command);
    /// Writes to a file below /proc/sys/net, e.g. "ipv4/ip_forward". False if it can't.
    bool set(const std::string& name, const std::string& value);
    /// The thread's number: what `ip link set dev X netns N` takes.
    int thread_id() const { return thread_id_; }

private:
    void serve();

    std::mutex mutex_;
    std::condition_variable changed_;
    const std::function<void()>* work_ = nullptr; // guarded by mutex_, like the next two
    bool ready_ = false;
    bool ending_ = false;
    bool available_ = false;
    int thread_id_ = 0;
    std::thread thread_;
};

} // namespace hws::test
