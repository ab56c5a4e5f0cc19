// The system keyring: secrets lie encrypted there until their owner has logged in to the desktop.
//
// Implemented over the Secret Service of freedesktop.org by libsecret, which is opened at the first use: a program that asks no keyring maps nothing of it.
// Every call ends within the patience given, whatever the service does.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/base/secret.hpp"

namespace qwen::auth {

/// Names one secret of one user directory in the keyring.
struct KeyringItem {
    std::string provider;
    std::string account;
    std::string key;
};

/// Errors of every call: storage_failed, saying why the keyring cannot be used. Not thread-safe.
class Keyring {
public:
    virtual ~Keyring() = default;
    /// Whether secrets could be stored now: there is a service, it answers, and its default collection is unlocked.
    [[nodiscard]] virtual Result<void> check() = 0;
    /// nullopt: it holds no such secret.
    [[nodiscard]] virtual Result<std::optional<Secret>> get(const KeyringItem& item) = 0;
    /// Replaces what is there.
    [[nodiscard]] virtual Result<void> put(const KeyringItem& item, const Secret& value) = 0;
    /// Removing what is not there is success.
    [[nodiscard]] virtual Result<void> erase(const KeyringItem& item) = 0;
};

/// For people.
inline constexpr std::string_view kKeyringName = "the system keyring";

struct SecretServiceSettings {
    /// ~/.qwen: two of them share no secret.
    std::string user_directory;
    /// A session bus to ask is known (DBUS_SESSION_BUS_ADDRESS, or `bus` in XDG_RUNTIME_DIR). Without one nothing is opened and nothing started.
    bool has_bus = false;
    /// Each call ends after this at the latest, also one that waits for somebody to unlock the keyring.
    std::chrono::milliseconds patience{5'000};
};

[[nodiscard]] std::unique_ptr<Keyring> secret_service_keyring(SecretServiceSettings settings);

}  // namespace qwen::auth
