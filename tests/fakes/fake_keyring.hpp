// A keyring in memory that can be told to refuse.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "core/auth/keyring.hpp"

namespace qwen::tests {

/// What a FakeKeyring holds, and what it does; outlives the keyring.
struct KeyringContent {
    std::map<std::tuple<std::string, std::string, std::string>, std::string> items;
    bool refuses_put = false;
    bool refuses_get = false;
    bool forgets = false;  ///< takes a secret and does not keep it
};

class FakeKeyring final : public auth::Keyring {
public:
    explicit FakeKeyring(KeyringContent& content) : content_(content) {}

    Result<void> check() override { return content_.refuses_put ? locked() : Result<void>(); }
    Result<std::optional<Secret>> get(const auth::KeyringItem& item) override {
        if (content_.refuses_get) return locked().error();
        const auto found = content_.items.find({item.provider, item.account, item.key});
        if (found == content_.items.end()) return std::optional<Secret>();
        return std::optional(Secret(found->second));
    }
    Result<void> put(const auth::KeyringItem& item, const Secret& value) override {
        if (content_.refuses_put) return locked();
        if (!content_.forgets) content_.items[{item.provider, item.account, item.key}] = value.reveal();
        return {};
    }
    Result<void> erase(const auth::KeyringItem& item) override {
        if (content_.refuses_put) return locked();
        content_.items.erase({item.provider, item.account, item.key});
        return {};
    }

private:
    static Result<void> locked() { return Error{ErrorCode::storage_failed, "it is locked", {}, std::nullopt}; }

    KeyringContent& content_;
};

}  // namespace qwen::tests
