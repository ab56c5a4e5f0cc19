// Conversations on disk, so that `qwen -c` goes on where the last one ended.
//
// One file for each, ~/.qwen/conversations/<id>.jsonl (0600), a line for each message, appended with one write when the message is complete: a kill
// costs at most the message being written. The file is locked while it is in use, so two terminals never write into one conversation.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/chat/chat_event.hpp"
#include "core/system/clock.hpp"
#include "core/system/file.hpp"
#include "core/system/random.hpp"

namespace qwen::host {

/// Not thread-safe.
class ConversationStore {
public:
    /// A new conversation in `directory`; nothing is written before the first message. An empty `directory`: nothing is kept at all.
    [[nodiscard]] static ConversationStore begin(std::filesystem::path directory, const system::Clock& clock, const system::Random& random);

    /// `id` as given by id(); empty: the one that was written to last. A last line that is not whole is cut off.
    /// Errors: usage (there is no such conversation, or another terminal is in it), storage_failed.
    [[nodiscard]] static Result<ConversationStore> resume(const std::filesystem::path& directory, const std::string& id, const system::Clock& clock);

    /// What was said before, oldest first.
    [[nodiscard]] const std::vector<chat::Message>& earlier() const { return earlier_; }
    [[nodiscard]] const std::string& id() const { return id_; }
    /// Errors: storage_failed; what was there stays.
    [[nodiscard]] Result<void> append(const chat::Message& message);
    /// From now on nothing of before belongs to the conversation. Errors: storage_failed.
    [[nodiscard]] Result<void> clear();

private:
    ConversationStore(std::filesystem::path directory, std::string id) : directory_(std::move(directory)), id_(std::move(id)) {}
    [[nodiscard]] std::filesystem::path path() const { return directory_ / (id_ + ".jsonl"); }
    [[nodiscard]] Result<void> open();

    std::filesystem::path directory_;
    std::string id_;
    std::optional<system::FileLock> file_;
    std::vector<chat::Message> earlier_;
};

}  // namespace qwen::host
