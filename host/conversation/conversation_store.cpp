#include "host/conversation/conversation_store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "core/base/json.hpp"
#include "core/chat/chat_request.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

constexpr std::uint64_t kMostBytes = 64u << 20;
constexpr std::size_t kMostLineBytes = 32u << 20;

std::string_view name_of(chat::Message::Role role) {
    switch (role) {
        case chat::Message::Role::system: return "system";
        case chat::Message::Role::user: return "user";
        case chat::Message::Role::assistant: return "assistant";
    }
    return {};
}

std::optional<chat::Message> message_of(std::string_view line) {
    const auto json = parse_json(line, "conversation", {.max_depth = 4, .max_bytes = kMostLineBytes});
    if (!json || !json->is_object()) return std::nullopt;
    const auto role = string_member(*json, "role");
    if (role != "user" && role != "assistant") return std::nullopt;
    return chat::Message{role == "user" ? chat::Message::Role::user : chat::Message::Role::assistant, string_member(*json, "content")};
}

/// The name of a conversation is part of a path.
bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos;
}

Error no_conversation(std::string message) { return {ErrorCode::usage, std::move(message), "qwen, to begin one", std::nullopt}; }

std::optional<std::string> newest_in(const std::filesystem::path& directory) {
    std::optional<std::string> newest;
    std::filesystem::file_time_type newest_time;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
        const auto id = entry.path().stem().string();
        if (entry.path().extension() != ".jsonl" || !is_id(id)) continue;
        const auto time = entry.last_write_time(failed);
        if (failed || (newest && time <= newest_time)) continue;
        newest = id;
        newest_time = time;
    }
    return newest;
}

/// For example "20260131-235959", UTC. (fmt/chrono.h would do it with a std::locale, which the program does without.)
std::string compact_time(UtcTime time) {
    using namespace std::chrono;
    const auto midnight = floor<days>(time);
    const year_month_day date(midnight);
    const hh_mm_ss clock(floor<seconds>(time - midnight));
    return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace

ConversationStore ConversationStore::begin(std::filesystem::path directory, const system::Clock& clock, const system::Random& random) {
    return {std::move(directory), fmt::format("{}-{}", compact_time(clock.utc_now()), system::uuid_v4(random).substr(0, 8))};
}

Result<ConversationStore> ConversationStore::resume(const std::filesystem::path& directory, const std::string& id, const system::Clock& clock) {
    const auto wanted = id.empty() ? newest_in(directory) : std::optional(id);
    if (!wanted) return no_conversation("there is no conversation to continue");
    if (!is_id(*wanted)) return no_conversation(fmt::format("\"{}\" is not the name of a conversation", sanitized_line(*wanted, 80)));
    ConversationStore store(directory, *wanted);
    QWEN_TRY(const auto content, system::read_file(store.path(), {.max_bytes = kMostBytes, .follow_symlink = false}));
    if (!content) return no_conversation(fmt::format("there is no conversation \"{}\"", *wanted));
    auto lock = system::FileLock::acquire(store.path(), Context{}.with_deadline(clock.monotonic_now()));
    if (!lock && lock.error().code == ErrorCode::timed_out) return no_conversation(fmt::format("another terminal is in the conversation {}", *wanted));
    if (!lock) return std::move(lock).error();
    store.file_.emplace(std::move(*lock));

    std::string_view rest = content->bytes;
    const std::size_t whole = rest.rfind('\n') == std::string_view::npos ? 0 : rest.rfind('\n') + 1;
    if (whole != rest.size() && ::ftruncate(store.file_->file().get(), static_cast<off_t>(whole)) != 0)
        return system::storage_error("cannot write", store.path(), errno);
    for (rest = rest.substr(0, whole); !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
        if (auto message = message_of(rest.substr(0, rest.find('\n')))) store.earlier_.push_back(std::move(*message));
    return store;
}

Result<void> ConversationStore::open() {
    if (file_) return {};
    QWEN_CHECK(system::make_private_directory(directory_));
    QWEN_TRY(auto lock, system::FileLock::acquire(path(), {}));
    file_.emplace(std::move(lock));
    return {};
}

Result<void> ConversationStore::append(const chat::Message& message) {
    if (directory_.empty()) return {};
    QWEN_CHECK(open());
    std::string line = fmt::format("{{\"role\":\"{}\",\"content\":", name_of(message.role));
    chat::append_json_string(line, message.content);
    line += "}\n";
    const int fd = file_->file().get();
    const off_t end = ::lseek(fd, 0, SEEK_END);
    if (end >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size())) return {};
    const int reason = errno;
    // A disk that filled up in the middle leaves no half line behind.
    if (end >= 0) static_cast<void>(!::ftruncate(fd, end));
    return system::storage_error("cannot write", path(), reason);
}

Result<void> ConversationStore::clear() {
    if (!file_ || ::ftruncate(file_->file().get(), 0) == 0) return {};
    return system::storage_error("cannot write", path(), errno);
}

}  // namespace qwen::host
