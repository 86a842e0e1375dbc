#pragma once
/// The one way from what a plugin asked for to addresses that may be used.

#include "core/policy.hpp"
#include "core/target.hpp"
#include "os/loop.hpp"
#include "os/network_socket.hpp"
#include "os/task.hpp"

#include <array>
#include <optional>
#include <vector>

namespace hws::host::core {

class Lookups;

/// The addresses of `target` that the policy lets pass for this use, at least one, in the order in
/// which they are to be tried (RFC 6724). A name is checked before any query leaves, then resolved,
/// then each of its addresses is checked under the name; those that are denied are left out. An
/// address is only checked; one that the plugin was told before is judged under that name too. The
/// plugin is remembered to have been told the addresses of a name. What is passed must outlive the
/// task. `family`: the addresses that are wanted. Errors: denied (the name, or every address), and
/// those of Lookups::resolve.
os::Task<std::vector<Vetted>> vet(const Policy& policy, Use use, Target target, Lookups& lookups,
                                  os::Deadline deadline, os::Family family = os::Family::any);

/// The same for an HTTP request, whose plugin is told no address. `what`: as Policy::check has it.
os::Task<std::vector<Vetted>> vet_http(const Policy& policy, Use use, const Target& target,
                                       HttpTarget what, Lookups& lookups, os::Deadline deadline);
/// The same if it takes no look-up, since the target is an address or its name has a recent answer;
/// else empty. Everything is judged as ever.
Result<std::vector<Vetted>> try_vet_http(const Policy& policy, Use use, const Target& target,
                                         const HttpTarget& what, Lookups& lookups);

/// Both families of a name, asked for at once and each judged when it comes (RFC 8305, 3).
/// Destroying it gives up what has not come. Everything it is given must outlive it.
class FamilyLookups {
public:
    /// A target that is an address has its answer at once. Errors: denied, for the name.
    static Result<std::unique_ptr<FamilyLookups>> begin(os::Loop& loop, const Policy& policy,
                                                        Use use, Target target, Lookups& lookups,
                                                        os::Deadline deadline);

    /// What has come since the last call. Empty: nothing has, or nothing good.
    std::vector<Vetted> take_new();
    bool has_answered(os::Family family) const;
    bool is_complete() const {
        return has_answered(os::Family::ipv4) && has_answered(os::Family::ipv6);
    }
    /// Why there is no address: of the two failures the one that says more.
    Error failure() const;
    /// Raised by each answer.
    os::Event& news() { return news_; }

private:
    struct Part {
        os::Family family;
        bool has_answered = false;
        std::vector<Vetted> peers{};
        std::optional<Error> failure{};
        os::Task<> task{};
    };
    FamilyLookups(os::Loop& loop, const Policy& policy, Use use, Target target, Lookups& lookups)
        : news_(loop), policy_(policy), use_(use), target_(std::move(target)), lookups_(lookups) {}
    os::Task<> look_up(Part& part, os::Deadline deadline);

    os::Event news_;
    const Policy& policy_;
    const Use use_;
    const Target target_;
    Lookups& lookups_;
    std::array<Part, 2> parts_{Part{os::Family::ipv6}, Part{os::Family::ipv4}};
};

} // namespace hws::host::core
