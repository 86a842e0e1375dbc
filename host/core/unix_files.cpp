#include "core/unix_files.hpp"

#include <algorithm>

namespace hws::host::core {
namespace {

/// Asks the policy about the path that links have led to. No race is left: what is used afterwards
/// is the file or folder that was looked at, not its path.
Result<void> check_real(const Policy& policy, Use use, const UnixName& given,
                        const std::string& real_path) {
    HWS_TRY(const UnixName real, UnixName::of_real_path(real_path));
    if (real == given) return {};
    auto verdict = policy.check(use, real);
    if (verdict) return {};
    return fail(verdict.error().code(),
                verdict.error().context() + "; that is where " + given.to_string() + " leads");
}

/// Where the folder of the path really lies, and the path with it.
Result<UnixBinding> find_binding(const Policy& policy, const UnixName& path) {
    HWS_TRY(const VettedUnixName vetted, policy.check(Use::unix_listen, path));
    UnixBinding binding;
    HWS_TRY(binding.folder, os::find_folder(std::string(vetted.name().folder())));
    binding.file = vetted.name().file();
    binding.path = binding.folder.path == "/" ? "" : binding.folder.path;
    (binding.path += '/') += binding.file;
    HWS_CHECK(check_real(policy, Use::unix_listen, path, binding.path));
    return binding;
}

} // namespace

void UnixFiles::clear() {
    for (const Bound& bound : list_)
        if (is_there(bound)) (void)os::remove_entry(bound.at.folder, bound.at.file);
    list_.clear();
}

bool UnixFiles::is_there(const Bound& bound) {
    const auto entry = os::find_entry(bound.at.folder, bound.at.file);
    return entry && entry->is_socket && entry->identity == bound.identity;
}

Result<UnixBinding> UnixFiles::find_place_for(const Policy& policy, const UnixName& path) {
    HWS_TRY(UnixBinding binding, find_binding(policy, path));
    if (list_.size() >= most_)
        std::erase_if(list_, [](const Bound& bound) { return !is_there(bound); });
    if (list_.size() >= most_) return fail(Errc::no_buffers, "too many files of Unix sockets");
    if (binding.file.empty() || os::find_entry(binding.folder, binding.file))
        return fail(Errc::address_in_use);
    return binding;
}

Result<void> UnixFiles::add(UnixBinding binding) {
    // bind(2) knows paths only. A file that is not in the folder that was judged means that
    // somebody has exchanged a folder on the way in that moment.
    const auto entry = os::find_entry(binding.folder, binding.file);
    if (!entry || !entry->is_socket)
        return fail(Errc::denied,
                    "unix-listen " + binding.path + ": its folder was exchanged meanwhile");
    auto file = os::find_place(binding.path);
    if (!file || file->identity != entry->identity) {
        (void)os::remove_entry(binding.folder, binding.file);
        if (!file) return std::unexpected(std::move(file).error());
        return fail(Errc::denied, "unix-listen " + binding.path + ": it was exchanged meanwhile");
    }
    list_.push_back({std::move(binding), entry->identity, std::move(file->fd)});
    return {};
}

Result<void> UnixFiles::remove(const Policy& policy, const UnixName& path) {
    if (!path.is_path()) return fail(Errc::not_found);
    HWS_TRY(const UnixBinding binding, find_binding(policy, path));
    const auto entry = os::find_entry(binding.folder, binding.file);
    if (!entry) return fail(Errc::not_found);
    if (!entry->is_socket) return fail(Errc::not_permitted, "it is no socket");
    const auto own = std::ranges::find(list_, entry->identity, &Bound::identity);
    if (own == list_.end()) {
        HWS_TRY(const os::Place place, os::find_place(binding.path));
        if (place.identity != entry->identity || os::has_owner(place))
            return fail(Errc::busy, "somebody else has this socket open");
    }
    HWS_CHECK(os::remove_entry(binding.folder, binding.file));
    if (own != list_.end()) list_.erase(own);
    return {};
}

Result<os::Place> find_unix_peer(const Policy& policy, const UnixName& path) {
    HWS_TRY(const VettedUnixName vetted, policy.check(Use::unix_connect, path));
    HWS_TRY(os::Place place, os::find_place(vetted.name().text()));
    HWS_CHECK(check_real(policy, Use::unix_connect, path, place.path));
    return place;
}

} // namespace hws::host::core
