// The lock file of Qwen Code, ~/.qwen/oauth_creds.lock, so that the two programs do not renew one sign-in at the same time.
//
// Its protocol: created with O_EXCL, content a UUID, stale ten seconds after its mtime, removed at the end. It is the second lock of a
// renewal; among our own processes the kernel's lock comes first (decision 0014), so whoever is here is the only one of ours.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/base/context.hpp"
#include "core/system/clock.hpp"
#include "core/system/random.hpp"

namespace qwen::auth {

/// Held while this object lives; a thread keeps its mtime young meanwhile. Movable.
class PeerLock {
public:
    /// Waits for Qwen Code. Takes over a stale file, and at once one that a process of ours left when it was killed.
    /// Precondition: the caller holds our kernel lock. Errors: timed_out, cancelled, storage_failed (the directory cannot be written).
    [[nodiscard]] static Result<PeerLock> acquire(const std::filesystem::path& path, const system::Clock& clock,
                                                  const system::Random& random, const Context& context);
    PeerLock(PeerLock&&) noexcept;
    PeerLock& operator=(PeerLock&&) = delete;
    ~PeerLock();

private:
    class Heartbeat;
    PeerLock(std::filesystem::path path, std::string content);

    std::filesystem::path path_;
    std::string content_;  ///< empty: moved from
    std::unique_ptr<Heartbeat> heartbeat_;
};

}  // namespace qwen::auth
