// The accounts of this user: what is stored for each provider under which name, and which of them a run uses when nothing else decides.
//
// The current account is one line, "provider/name", in ~/.qwen/account; it holds no secret. Only signing in and switching write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/auth/private_file.hpp"
#include "core/base/result.hpp"
#include "host/credential_stores.hpp"

namespace qwen::host {

struct Account {
    std::string provider;  ///< as after --provider
    std::string name = std::string(kDefaultAccount);

    bool operator==(const Account&) const = default;
    [[nodiscard]] bool is_default() const { return name == kDefaultAccount; }
    /// For people: the name; of a provider's default account the provider.
    [[nodiscard]] const std::string& label() const { return is_default() ? provider : name; }
};

/// What a name may be: 1 to 64 letters, digits and "._-@+", beginning with a letter or digit. Errors: usage.
[[nodiscard]] Result<void> check_account_name(std::string_view name);

/// Everything that is stored, the current account first, then the newest. Empty when nothing can be read.
[[nodiscard]] std::vector<Account> stored_accounts(const StorePlace& place);

/// The account that `wanted` names: "work", "openrouter/work", or a provider for its default account. `provider` limits the search; empty: any. Errors:
/// not_authenticated (nobody is called so; the hint names who there is), usage (several are).
[[nodiscard]] Result<Account> find_account(const std::vector<Account>& accounts, std::string_view wanted, std::string_view provider);

/// The one that was signed in to or switched to last; nullopt: there is none, or its file cannot be read.
[[nodiscard]] std::optional<Account> current_account(const StorePlace& place);
/// Errors: storage_failed, credential_store_refused.
[[nodiscard]] Result<void> set_current_account(const StorePlace& place, const Account& account);
/// When `account` is the current one, there is none any more. Errors: as above.
[[nodiscard]] Result<void> leave_account(const StorePlace& place, const Account& account);

}  // namespace qwen::host
