#include "core/descriptor_table.hpp"

#include <algorithm>

namespace hws::host::core {

Result<DescriptorNumber> DescriptorTable::insert(std::unique_ptr<Descriptor> descriptor,
                                                 DescriptorNumber least) {
    return place(std::move(descriptor), least);
}

Result<DescriptorNumber> DescriptorTable::duplicate(DescriptorNumber number,
                                                    DescriptorNumber least) {
    HWS_CHECK(find(number));
    return place(entries_[number], least);
}

Result<DescriptorNumber> DescriptorTable::place(std::shared_ptr<Descriptor> descriptor,
                                                DescriptorNumber least) {
    while (first_free_ < entries_.size() && entries_[first_free_]) ++first_free_;
    std::size_t number = std::max<std::size_t>(first_free_, least);
    while (number < entries_.size() && entries_[number]) ++number;
    if (number >= limit_) return fail(Errc::too_many_handles);
    if (number >= entries_.size()) entries_.resize(number + 1);
    entries_[number] = std::move(descriptor);
    ++open_;
    return static_cast<DescriptorNumber>(number);
}

Result<void> DescriptorTable::insert_at(DescriptorNumber number,
                                        std::unique_ptr<Descriptor> descriptor) {
    if (number >= limit_) return fail(Errc::bad_handle);
    if (number >= entries_.size()) entries_.resize(number + 1);
    if (!entries_[number]) ++open_;
    entries_[number] = std::move(descriptor);
    return {};
}

Result<void> DescriptorTable::close(DescriptorNumber number) {
    HWS_CHECK(find(number));
    entries_[number].reset();
    --open_;
    if (number < first_free_) first_free_ = number;
    return {};
}

Result<void> DescriptorTable::renumber(DescriptorNumber from, DescriptorNumber to) {
    HWS_CHECK(find(from));
    // wasi-libc's dup2 onto a number that is not open is no use of preview 1: fd_renumber asks for two open ones.
    HWS_CHECK(find(to));
    if (from == to) return {};
    entries_[to] = std::move(entries_[from]);
    --open_;
    if (from < first_free_) first_free_ = from;
    return {};
}

} // namespace hws::host::core
