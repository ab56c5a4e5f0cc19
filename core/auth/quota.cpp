#include "core/auth/quota.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "core/system/clock.hpp"
#include "core/system/digest.hpp"
#include "core/system/file.hpp"

namespace qwen::auth {
namespace {

using namespace std::chrono_literals;

/// Milliseconds since 1970; 0: an empty place of the ring.
using Times = std::vector<std::int64_t>;

constexpr std::size_t kNameLength = 32;

std::uint32_t largest(const std::vector<RateLimit>& limits) {
    std::uint32_t requests = 0;
    for (const RateLimit& limit : limits) requests = std::max(requests, limit.requests);
    return requests;
}

/// The ring, padded with empty places to `capacity` when it is new or was made for smaller limits.
Result<Times> load(const system::FileLock& lock, std::size_t capacity, const std::filesystem::path& path) {
    QWEN_TRY(const system::FileFacts facts, system::facts_of(lock.file()));
    const std::size_t stored = std::min<std::size_t>(facts.size / sizeof(std::int64_t), QuotaCounter::kMostRequests);
    Times times(std::max(stored, capacity));
    const ssize_t count = ::pread(lock.file().get(), times.data(), stored * sizeof(std::int64_t), 0);
    if (count < 0) return system::storage_error("cannot read", path, errno);
    return times;
}

/// The times of one window, newest first. A time in the future is of a clock that was set back since, and counts no more.
Times inside(const Times& times, const RateLimit& limit, std::int64_t now) {
    const std::int64_t begin = now - std::int64_t{limit.period_seconds} * 1000;
    Times window;
    std::copy_if(times.begin(), times.end(), std::back_inserter(window),
                 [&](std::int64_t time) { return time != 0 && time > begin && time <= now; });
    std::sort(window.begin(), window.end(), std::greater<>());
    return window;
}

QuotaUse use_of(const Times& times, const RateLimit& limit, std::int64_t now) {
    const Times window = inside(times, limit, now);
    QuotaUse use{.limit = limit, .used = static_cast<std::uint32_t>(window.size()), .available_at = std::nullopt};
    // The next request fits when the oldest of the newest `requests` leaves the window.
    if (window.size() >= limit.requests)
        use.available_at = UtcTime(std::chrono::milliseconds(window[limit.requests - 1]) + std::chrono::seconds(limit.period_seconds));
    return use;
}

Context briefly(const Context& context) { return context.with_deadline(system::SystemClock().monotonic_now() + 2s); }

}  // namespace

QuotaCounter::QuotaCounter(const std::filesystem::path& directory, std::string_view account, std::vector<RateLimit> limits)
    : path_(directory / system::hex(system::sha256(account)).substr(0, kNameLength)), limits_(std::move(limits)) {
    std::erase_if(
        limits_, [](const RateLimit& limit) { return limit.requests == 0 || limit.requests > kMostRequests || limit.period_seconds == 0; });
}

Result<QuotaReservation> QuotaCounter::reserve(UtcTime now, const Context& context) {
    if (limits_.empty()) return QuotaReservation{};
    QWEN_CHECK(system::make_private_directory(path_.parent_path()));
    QWEN_TRY(const system::FileLock lock, system::FileLock::acquire(path_, briefly(context)));
    QWEN_TRY(Times times, load(lock, largest(limits_), path_));

    const std::int64_t now_ms = now.time_since_epoch().count();
    QuotaReservation answer;
    for (const RateLimit& limit : limits_) {
        const QuotaUse use = use_of(times, limit, now_ms);
        if (use.available_at && (!answer.wait_until || *use.available_at > *answer.wait_until)) answer = {use.available_at, limit};
    }
    if (answer.wait_until) return answer;

    // A place of the future (see inside) is as free as the oldest.
    const auto age_order = [&](std::int64_t time) { return time > now_ms ? 0 : time; };
    const auto place = std::min_element(times.begin(), times.end(), [&](auto a, auto b) { return age_order(a) < age_order(b); });
    const auto offset = static_cast<off_t>((place - times.begin()) * static_cast<std::ptrdiff_t>(sizeof now_ms));
    if (::pwrite(lock.file().get(), &now_ms, sizeof now_ms, offset) != sizeof now_ms)
        return system::storage_error("cannot write", path_, errno == 0 ? ENOSPC : errno);
    return answer;
}

Result<std::vector<QuotaUse>> QuotaCounter::usage(UtcTime now, const Context& context) const {
    Times times;
    QWEN_TRY(const auto facts, system::facts_of_path(path_));
    if (facts) {
        QWEN_TRY(const system::FileLock lock, system::FileLock::acquire(path_, briefly(context)));
        QWEN_TRY(times, load(lock, 0, path_));
    }
    std::vector<QuotaUse> uses;
    for (const RateLimit& limit : limits_) uses.push_back(use_of(times, limit, now.time_since_epoch().count()));
    return uses;
}

}  // namespace qwen::auth
