#include "os/level_watch.hpp"

namespace hws::host::os {
namespace {

constexpr Ready both_of(Ready a, Ready b) {
    return static_cast<Ready>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}

} // namespace

Result<void> LevelWatch::want(Ready what) {
    wanted_ = what;
    if (both_of(what, registered_) == what) return {};
    if (watch_) {
        HWS_CHECK(watch_->set_interest(what));
    } else {
        HWS_TRY(watch_, Watch::create_level_triggered(loop_, fd_, what));
        wait_for(*watch_, Ready::both);
    }
    registered_ = what;
    return {};
}

// Other waiters only queue what they have to do. This one does it at once, which saves a round of
// the loop for every event: nobody else waits for this watch, so that the list which is being
// notified ends here.
void LevelWatch::on_ready() {
    const Ready reported = (watch_->is(Ready::read) ? Ready::read : Ready::none) |
                           (watch_->is(Ready::write) ? Ready::write : Ready::none);
    watch_->clear(Ready::both);
    const Ready news = both_of(reported, wanted_);
    if (wanted_ == Ready::none) {
        // Hang-ups are reported even for an empty interest, so that one is no registration at all.
        watch_.reset();
        registered_ = Ready::none;
    } else if (news != reported && wanted_ != registered_ && watch_->set_interest(wanted_)) {
        registered_ = wanted_;
    }
    if (watch_ && !is_waiting()) wait_for(*watch_, Ready::both);
    // The owner may destroy this watch: nothing of it may be touched afterwards.
    if (news != Ready::none) owner_.on_ready(fd_, news);
}

} // namespace hws::host::os
