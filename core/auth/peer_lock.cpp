#include "core/auth/peer_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>

#include "core/system/file.hpp"

namespace qwen::auth {
namespace {

using namespace std::chrono_literals;
using std::filesystem::path;

/// Theirs. (From version 0.24 on they wait 35 s; see decision 0014.)
constexpr auto kStaleAfter = 10s;
/// Well below kStaleAfter, so that one late wake-up does not make us stale.
constexpr auto kHeartbeat = 3s;
/// After the UUID of their protocol, which they never read; tells us that the file is one of ours.
constexpr std::string_view kOurMark = " qwen-native";

bool is_ours(std::string_view content) { return content.ends_with(kOurMark); }

bool is_stale(const system::FileContent& found, UtcTime now) {
    if (is_ours(found.bytes)) return true;  // its writer held the kernel lock that we hold now, so it is dead
    const UtcTime modified{std::chrono::milliseconds(found.facts.modified_ns / 1'000'000)};
    // A time in the future comes from a clock that was set back; waiting for it would last as long as the jump.
    return std::chrono::abs(now - modified) > kStaleAfter;
}

enum class Creation : std::uint8_t { created, occupied };

Result<Creation> create(const path& file, std::string_view content) {
    const system::Descriptor descriptor(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!descriptor && errno == EEXIST) return Creation::occupied;
    if (!descriptor) return system::storage_error("cannot create the lock file", file, errno);
    if (::write(descriptor.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size())) return Creation::created;
    const int reason = errno;
    ::unlink(file.c_str());
    return system::storage_error("cannot write the lock file", file, reason);
}

/// Moves the file away before it is removed, as they do: of two that judged it stale only one finds it.
void take_away(const path& file, const std::string& uuid) {
    const std::string away = file.string() + ".stale." + uuid;
    if (std::rename(file.c_str(), away.c_str()) == 0) ::unlink(away.c_str());
}

}  // namespace

class PeerLock::Heartbeat {
public:
    explicit Heartbeat(path file) : file_(std::move(file)), thread_([this] { run(); }) {}
    ~Heartbeat() {
        {
            const std::lock_guard guard(mutex_);
            stopped_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }
    Heartbeat(const Heartbeat&) = delete;
    Heartbeat& operator=(const Heartbeat&) = delete;

private:
    void run() {
        std::unique_lock guard(mutex_);
        while (!wake_.wait_for(guard, kHeartbeat, [this] { return stopped_; }))
            ::utimensat(AT_FDCWD, file_.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
    }

    path file_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopped_ = false;
    std::thread thread_;
};

PeerLock::PeerLock(path file, std::string content)
    : path_(std::move(file)), content_(std::move(content)), heartbeat_(std::make_unique<Heartbeat>(path_)) {}

PeerLock::PeerLock(PeerLock&& other) noexcept
    : path_(std::move(other.path_)), content_(std::exchange(other.content_, {})), heartbeat_(std::move(other.heartbeat_)) {}

PeerLock::~PeerLock() {
    if (content_.empty()) return;
    heartbeat_.reset();
    // Qwen Code may have taken the lock over (a machine that slept): then it is not ours to remove.
    const auto found = system::read_file(path_, {.max_bytes = 256, .follow_symlink = false});
    if (found && *found && (*found)->bytes == content_) ::unlink(path_.c_str());
}

Result<PeerLock> PeerLock::acquire(const path& file, const system::Clock& clock, const system::Random& random, const Context& context) {
    const std::string uuid = system::uuid_v4(random);
    const std::string content = uuid + std::string(kOurMark);
    std::chrono::milliseconds pause{1};  // short at first: the file may be gone already
    for (;;) {
        QWEN_TRY(const Creation outcome, create(file, content));
        if (outcome == Creation::created) return PeerLock(file, content);

        QWEN_TRY(const auto found, system::read_file(file, {.max_bytes = 256, .follow_symlink = false}));
        if (found && is_stale(*found, clock.utc_now())) take_away(file, uuid);
        QWEN_CHECK(clock.sleep_until(clock.monotonic_now() + pause, context));
        pause = std::min(pause * 2, std::chrono::milliseconds(100));
    }
}

}  // namespace qwen::auth
