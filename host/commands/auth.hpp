// `qwen auth`: signing in and out. One file for each command; each returns the exit status of the program.
#pragma once

#include "host/provider_setup.hpp"

namespace qwen::host {

/// `auth login [PROVIDER]`: the provider's own way of signing in, then one request, then "signed in".
[[nodiscard]] int run_auth_login(const CommandRun& run);
/// The same for a provider and an account that were chosen elsewhere, whatever the command line says. `account` empty: as configured.
[[nodiscard]] int run_auth_login_to(const CommandRun& run, const std::string& provider, const std::string& account);
/// `auth login [PROVIDER] --with-api-key`: a key from standard input, tried, stored.
[[nodiscard]] int run_auth_login_with_key(const CommandRun& run);
/// `auth status [PROVIDER] [--check]`: 0 when the first one listed can be used, 7 when the policy blocks it.
[[nodiscard]] int run_auth_status(const CommandRun& run);
/// `auth logout [PROVIDER]`: 0 also when nothing was stored.
[[nodiscard]] int run_auth_logout(const CommandRun& run);
[[nodiscard]] int run_auth_refresh(const CommandRun& run);
[[nodiscard]] int run_auth_list(const CommandRun& run);
/// `auth switch [ACCOUNT]`: which account answers when nothing else decides. Without ACCOUNT a question on a terminal.
[[nodiscard]] int run_auth_switch(const CommandRun& run);

/// Says so when a prompt would go to somebody else than this account: a key goes before a sign-in, a variable before what is stored.
void say_who_answers(const CommandRun& run, const Account& account);
/// `auth move keyring|file [PROVIDER]`: what is stored, or what of one provider, to the system keyring or back.
[[nodiscard]] int run_auth_move(const CommandRun& run);

/// Stores `value`, whatever is there. Errors: as SecretStore::put_if.
[[nodiscard]] Result<void> store_secret(auth::SecretStore& store, std::string_view key, const Secret& value);
/// Stores the base URL that belongs to the stored key, unless it is the provider's own; then an older one is removed.
[[nodiscard]] Result<void> store_base_url(auth::SecretStore& store, const config::Resolution& resolution, const plugin::Manifest& manifest);

}  // namespace qwen::host
