// The checks behind the rules, by what they are about. Each runs in a process of its own (see Rule::check).
#pragma once

#include "host/plugin/check/rehearsal.hpp"

namespace qwen::host::plugin::check {

// table_checks.cpp: the file, the table, the extensions
void one_exported_symbol(Rehearsal& rehearsal);
void only_the_c_library(Rehearsal& rehearsal);
void table_agrees_with_note(Rehearsal& rehearsal);
void table_is_complete(Rehearsal& rehearsal);
void extensions_are_complete(Rehearsal& rehearsal);
void unknown_ids_are_null(Rehearsal& rehearsal);

// host_checks.cpp: an ordinary life, on hosts older, newer and poorer than this one
void ordinary_life(Rehearsal& rehearsal);
void first_release_tables(Rehearsal& rehearsal);
void newer_tables(Rehearsal& rehearsal);
void services_removed(Rehearsal& rehearsal);
void declared_services(Rehearsal& rehearsal);
void declared_settings(Rehearsal& rehearsal);
void no_leaks(Rehearsal& rehearsal);
void refusals_are_passed_on(Rehearsal& rehearsal);

// memory_checks.cpp
void borrowed_text_has_an_end(Rehearsal& rehearsal);
void nothing_is_kept(Rehearsal& rehearsal);

// conduct_checks.cpp: what a provider does beside answering
void offline_calls(Rehearsal& rehearsal);
void no_system_calls(Rehearsal& rehearsal);
void process_state(Rehearsal& rehearsal);
void cancellation(Rehearsal& rehearsal);
void words_for_people(Rehearsal& rehearsal);
void secrets_are_marked(Rehearsal& rehearsal);
void secrets_stay_secret(Rehearsal& rehearsal);
void origins(Rehearsal& rehearsal);

// input_checks.cpp: what comes from outside
void corrupt_state(Rehearsal& rehearsal);
void odd_settings(Rehearsal& rehearsal);
void odd_answers(Rehearsal& rehearsal);

// sign_in_checks.cpp
void sign_in_is_kept(Rehearsal& rehearsal);
void logout_erases(Rehearsal& rehearsal);
void polling_ends(Rehearsal& rehearsal);
void polling_pace(Rehearsal& rehearsal);
void slow_down(Rehearsal& rehearsal);
void denied_and_expired(Rehearsal& rehearsal);
void issuer_faults(Rehearsal& rehearsal);
void device_faults(Rehearsal& rehearsal);
void refresh_faults(Rehearsal& rehearsal);
void refresh_token_is_kept(Rehearsal& rehearsal);
void store_conflicts(Rehearsal& rehearsal);

}  // namespace qwen::host::plugin::check
