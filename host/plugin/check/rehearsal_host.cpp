#include "host/plugin/check/rehearsal_host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/base/utf8.hpp"

namespace qwen::host::plugin::check {

RehearsalHost* RehearsalHost::current_ = nullptr;

namespace {

/// More than any sign-in of a day needs, with a step a second.
constexpr int kEndless = 300'000;
constexpr int kEndlessAfterCancel = 100;

/// A plugin's handles are of no use to it; only their identity is looked at.
qwen_call* handle(std::uintptr_t number) { return reinterpret_cast<qwen_call*>((number + 1) << 4); }

}  // namespace

std::string copy_of(const qwen_str& text) { return text.len == 0 ? std::string() : std::string(text.data, text.len); }

RehearsalHost::RehearsalHost(const Manifest& manifest, Blackboard& board) : manifest_(manifest), board_(board) { current_ = this; }

qwen_sink* RehearsalHost::sink() { return reinterpret_cast<qwen_sink*>(handle(call_number_)); }

qwen_call* RehearsalHost::begin(std::string_view entry, CallKind kind) {
    board_.enter(entry);
    entry_ = entry;
    kind_ = kind;
    in_call_ = true;
    ++call_number_;
    store_attempts_ = 0;
    call = {};
    return handle(call_number_);
}

void RehearsalHost::end(qwen_status status) {
    call.status = status;
    if (borrowed == Borrowed::taken_back) memory_.take_back();
    in_call_ = false;
    if (status != QWEN_OK && (QWEN_STATUS_CLASS(status) < 1 || QWEN_STATUS_CLASS(status) > 5)) {
        complain(Watch::status, fmt::format("`{}` returned {}, which is no status of abi.h", entry_, status));
    }
    board_.enter({});
}

qwen_str RehearsalHost::lend(std::string_view text, std::string_view label, std::uint32_t flags) {
    const auto len = static_cast<std::uint32_t>(text.size());
    if (borrowed == Borrowed::fenced) return {memory_.copy(text, label), len, flags};
    // Only what is too late is looked for, so there is something behind the end.
    if (borrowed == Borrowed::taken_back) return {memory_.copy(std::string(text) + std::string(kRoomBehind, '\0'), label), len, flags};
    return {arena_.emplace_back(text).c_str(), len, flags};
}

const void* RehearsalHost::lend_bytes(const void* bytes, std::size_t size, std::string_view label) {
    if (borrowed == Borrowed::ordinary && tables != TableSize::first_release) {
        auto& kept = structs_.emplace_back(size + kRoomBehind, '\0');
        std::memcpy(kept.data(), bytes, size);
        return kept.data();
    }
    void* const place = memory_.allocate(borrowed == Borrowed::taken_back ? size + kRoomBehind : size, label);
    std::memcpy(place, bytes, size);
    return place;
}

std::string RehearsalHost::make_secret(std::string_view name) {
    auto secret = fmt::format("canary{}{:04}", name, secrets_.size());
    secrets_.push_back(secret);
    return secret;
}

void RehearsalHost::complain(Watch kind, const std::string& finding) {
    if (watched.count(kind) != 0) board_.fail(fmt::format("{} ({})", finding, board_.place()));
}

void RehearsalHost::check_words(std::string_view text, std::string_view what) {
    if (holds_secret(text)) complain(Watch::leaked_secret, fmt::format("a credential is in {}", what));
    if (text.size() > 1024) complain(Watch::text, fmt::format("{} has {} bytes; 1024 are kept", what, text.size()));
    const bool is_one_line =
        std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (!is_one_line) complain(Watch::text, fmt::format("{} has a line break or a control character", what));
    if (!is_valid_utf8(text)) complain(Watch::text, fmt::format("{} is no UTF-8", what));
}

void RehearsalHost::check_secret(const qwen_str& value, std::string_view what) {
    if ((value.flags & QWEN_STR_SENSITIVE) == 0 && holds_secret(copy_of(value)))
        complain(Watch::unmarked_secret, fmt::format("{} is a credential and not marked QWEN_STR_SENSITIVE", what));
}

void RehearsalHost::use(const qwen_call* handle_given, std::string_view service) {
    board_.note_call(service);
    expect_current(handle_given, service);
    declare(service);
}

void RehearsalHost::declare(std::string_view service) {
    const auto id = service.substr(0, service.find(' '));
    const auto names = [&](const std::vector<std::string>& list) { return std::find(list.begin(), list.end(), id) != list.end(); };
    if (names(manifest_.required_services) || names(manifest_.wanted_services)) return;
    complain(Watch::undeclared_service,
             fmt::format("{} is used, and {} is in neither `requires` nor `wants` of the manifest", service, id));
}

void RehearsalHost::expect_current(const qwen_call* handle_given, std::string_view service) {
    if (in_call_ && handle_given == handle(call_number_)) return;
    complain(Watch::stale_call, fmt::format("{} got a qwen_call that is not the one in progress; it may not be kept", service));
}

bool RehearsalHost::holds_secret(std::string_view text) const {
    return std::any_of(secrets_.begin(), secrets_.end(),
                       [&](const std::string& secret) { return text.find(secret) != std::string_view::npos; });
}

bool RehearsalHost::may_reach(std::string_view url) const {
    const auto parsed = Url::parse(url);
    if (!parsed) return false;
    const std::string origin = parsed->origin().to_string();
    if (std::find(manifest_.origins.begin(), manifest_.origins.end(), origin) != manifest_.origins.end()) return true;
    return std::any_of(manifest_.settings.begin(), manifest_.settings.end(), [&](const config::Setting& setting) {
        if (setting.type != config::ValueType::url) return false;
        const auto value = settings.find(setting.key.substr(setting.key.rfind('.') + 1));
        if (value == settings.end()) return false;
        const auto configured = Url::parse(value->second);
        return configured && configured->origin().to_string() == origin;
    });
}

qwen_status RehearsalHost::wait_in(const qwen_call* handle_given, std::string_view service) {
    use(handle_given, service);
    if (kind_ == CallKind::offline) {
        complain(Watch::offline_service, fmt::format("`{}` is an offline call and uses {}", entry_, service));
        return QWEN_ERR_OFFLINE_CALL;
    }
    ++waiting_calls;
    if (cancel_at != 0 && waiting_calls >= cancel_at) is_cancelled_ = true;
    if (is_cancelled_ && ++calls_after_cancel > kEndlessAfterCancel)
        board_.fail(fmt::format("`{}` goes on after QWEN_ERR_CANCELLED: {} more services were called", entry_, kEndlessAfterCancel));
    if (waiting_calls > kEndless) board_.fail(fmt::format("`{}` does not come to an end: {} services were called in it", entry_, kEndless));
    return is_cancelled_ ? QWEN_ERR_CANCELLED : QWEN_OK;
}

}  // namespace qwen::host::plugin::check
