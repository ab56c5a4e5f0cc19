#include "host/stored_accounts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/auth/oauth_cache.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

using namespace std::chrono_literals;

constexpr auto kLockWait = 10s;
constexpr std::size_t kLongestAccountName = 64;

bool is_account_character(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '@' || c == '+';
}

auth::PrivateFile account_file(const StorePlace& place) {
    return {{place.user_directory / "account", place.user_directory / "locks" / "account.save", place.effective_uid}, place.notice};
}

std::string id_spelling(std::string_view name) {
    std::string spelled(name == "qwen" ? kSharedSignIn : name);
    std::replace(spelled.begin(), spelled.end(), '-', '_');
    return spelled;
}

bool is_same_provider(std::string_view one, std::string_view other) { return id_spelling(one) == id_spelling(other); }

std::string names_of(const std::vector<Account>& accounts) {
    std::string names;
    for (const auto& account : accounts) names += fmt::format("{}{}/{}", names.empty() ? "" : ", ", account.provider, account.name);
    return names;
}

std::vector<Account> matching(const std::vector<Account>& accounts, std::string_view wanted, std::string_view provider) {
    const auto slash = wanted.find('/');
    const auto own_provider = slash == std::string_view::npos ? provider : wanted.substr(0, slash);
    const auto name = slash == std::string_view::npos ? wanted : wanted.substr(slash + 1);
    std::vector<Account> found;
    for (const auto& account : accounts)
        if (account.name == name && (own_provider.empty() || is_same_provider(account.provider, own_provider))) found.push_back(account);
    if (!found.empty() || slash != std::string_view::npos) return found;
    for (const auto& account : accounts)
        if (account.is_default() && is_same_provider(account.provider, wanted) && (provider.empty() || is_same_provider(provider, wanted))) found.push_back(account);
    return found;
}

}  // namespace

Result<void> check_account_name(std::string_view name) {
    const bool is_good = !name.empty() && name.size() <= kLongestAccountName && std::all_of(name.begin(), name.end(), is_account_character) && name.front() != '.' &&
                         name.front() != '_' && name.front() != '-' && name.front() != '@' && name.front() != '+';
    if (is_good) return {};
    return Error{ErrorCode::usage, fmt::format("\"{}\" cannot be the name of an account", sanitized_line(name, 60)), "letters, digits and . _ - @ +, as in: --account work", std::nullopt};
}

std::vector<Account> stored_accounts(const StorePlace& place) {
    std::vector<Account> accounts;
    if (place.storage == Storage::none || place.user_directory.empty()) return accounts;
    // A file that cannot be used is reported when its key is needed, not when another key is at hand.
    if (const auto owners = auth::CredentialFileStore::owners(credential_file(place)))
        for (const auto& owner : *owners) accounts.push_back({owner.provider, owner.account});
    const Account shared{std::string(kSharedSignIn)};
    std::error_code ignored;
    if (std::find(accounts.begin(), accounts.end(), shared) == accounts.end() &&
        std::filesystem::exists(auth::OAuthCacheStore::place_in(place.user_directory, place.effective_uid).file, ignored))
        accounts.push_back(shared);
    if (const auto current = current_account(place)) {
        const auto at = std::find(accounts.begin(), accounts.end(), *current);
        if (at != accounts.end()) std::rotate(accounts.begin(), at, at + 1);
    }
    return accounts;
}

Result<Account> find_account(const std::vector<Account>& accounts, std::string_view wanted, std::string_view provider) {
    const auto found = matching(accounts, wanted, provider);
    if (found.size() == 1) return found.front();
    if (found.empty())
        return Error{ErrorCode::not_authenticated, fmt::format("no account is called \"{}\"", sanitized_line(wanted, 80)),
                     accounts.empty() ? fmt::format("qwen auth login PROVIDER --account {}", sanitized_line(wanted, 80)) : "one of " + names_of(accounts), std::nullopt};
    return Error{ErrorCode::usage, fmt::format("several accounts are called \"{}\"", sanitized_line(wanted, 80)), "one of " + names_of(found), std::nullopt};
}

std::optional<Account> current_account(const StorePlace& place) {
    if (place.storage == Storage::none || place.user_directory.empty()) return std::nullopt;
    const auto content = account_file(place).read();
    if (!content || !*content) return std::nullopt;
    std::string_view line((*content)->bytes);
    line = line.substr(0, line.find('\n'));
    const auto slash = line.find('/');
    if (slash == std::string_view::npos || !check_account_name(line.substr(slash + 1))) return std::nullopt;
    return Account{std::string(line.substr(0, slash)), std::string(line.substr(slash + 1))};
}

Result<void> set_current_account(const StorePlace& place, const Account& account) {
    const auto file = account_file(place);
    QWEN_TRY(const auto lock, file.lock_for_writing(Context{}.with_deadline(place.clock.monotonic_now() + kLockWait)));
    return file.replace(fmt::format("{}/{}\n", account.provider, account.name));
}

Result<void> leave_account(const StorePlace& place, const Account& account) {
    if (current_account(place) != account) return {};
    const auto file = account_file(place);
    QWEN_TRY(const auto lock, file.lock_for_writing(Context{}.with_deadline(place.clock.monotonic_now() + kLockWait)));
    return file.remove();
}

}  // namespace qwen::host
