// Counts the requests of one account on this machine, so that a declared limit is kept before the server has to refuse.
//
// The count is a ring of times in one small file, shared by all processes under a kernel lock. Each time is one aligned word written in
// place: a process killed anywhere leaves a file that is still a count, and any content at all can be read as one. There is no account name
// and no secret in it or in its name.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "core/auth/credential_provider.hpp"
#include "core/base/context.hpp"

namespace qwen::auth {

/// How much of one limit is used.
struct QuotaUse {
    RateLimit limit;
    std::uint32_t used = 0;
    /// When the next request fits; absent: now.
    std::optional<UtcTime> available_at;
};

struct QuotaReservation {
    /// Absent: the request is counted and may be made now. Otherwise nothing was counted; ask again at that time.
    std::optional<UtcTime> wait_until;
    /// The limit that makes it wait.
    RateLimit limit;
};

/// Sliding windows over all declared limits. Not thread-safe; two objects on one file are.
class QuotaCounter {
public:
    /// A limit of more requests than this is not counted here; the server keeps it.
    static constexpr std::uint32_t kMostRequests = 10'000;

    /// `directory` ("~/.qwen/quota") is made when it is missing. `account` is hashed: provider and label or key.
    QuotaCounter(const std::filesystem::path& directory, std::string_view account, std::vector<RateLimit> limits);

    /// Counts a request now, or says how long to wait. Without limits everything is granted and nothing is written.
    /// Errors: storage_failed, timed_out, cancelled; not being able to count is no reason not to ask the server.
    [[nodiscard]] Result<QuotaReservation> reserve(UtcTime now, const Context& context);
    /// One entry for each limit. Errors: as reserve().
    [[nodiscard]] Result<std::vector<QuotaUse>> usage(UtcTime now, const Context& context) const;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
    std::vector<RateLimit> limits_;
};

}  // namespace qwen::auth
