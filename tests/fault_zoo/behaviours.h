/* What the plugin of the fault zoo can do wrong, and what has to come of it.
 *
 * KILLS: the call ends in one plugin_fault. DENIED: the sandbox refuses the attempt and the plugin goes on; had it worked, the plugin would say
 * "escaped". HARMLESS: the host takes it, or answers with one error; either is right.
 */
#define ZOO_BEHAVIOURS(X)                                                                                                                          \
    X(null_read, KILLS) X(null_write, KILLS) X(wild_jump, KILLS) X(write_to_code, KILLS) X(illegal_instruction, KILLS) X(divide_by_zero, KILLS)     \
    X(bus_error, KILLS) X(call_abort, KILLS) X(call_exit, KILLS) X(call_exit_zero, KILLS) X(call_underscore_exit, KILLS) X(call_quick_exit, KILLS)  \
    X(terminate, KILLS) X(kill_itself, KILLS) X(stack_overflow, KILLS) X(smash_stack, KILLS) X(free_garbage, KILLS) X(double_free, KILLS)           \
    X(hang_busy, KILLS) X(hang_asleep, KILLS) X(hang_masking_signals, KILLS) X(stop_itself, HARMLESS) X(close_all_files, KILLS)                    \
    X(garbage_on_socket, KILLS) X(huge_frame_on_socket, KILLS) X(forged_result, HARMLESS) X(flood_of_frames, KILLS) X(half_a_frame, KILLS)         \
    X(shut_socket_down, KILLS) X(throw_exception, HARMLESS) X(throw_number, HARMLESS)                                                              \
    X(allocate_ten_gigabytes, DENIED) X(allocate_without_end, HARMLESS) X(leak_descriptors, DENIED) X(call_fork, DENIED) X(call_vfork, DENIED)      \
    X(fork_bomb, DENIED) X(start_thread, DENIED) X(execute_program, DENIED) X(run_shell, DENIED) X(open_inet_socket, DENIED)                       \
    X(open_unix_socket, DENIED) X(read_passwd, DENIED) X(read_home, DENIED) X(write_file, DENIED) X(make_directory, DENIED) X(remove_file, DENIED)  \
    X(kill_parent, DENIED) X(kill_everybody, DENIED) X(trace_parent, DENIED) X(read_parent_memory, DENIED) X(raise_limits, DENIED)                 \
    X(become_dumpable, DENIED) X(survive_parent, DENIED) X(mount_something, DENIED) X(new_namespace, DENIED) X(load_bpf, DENIED)                   \
    X(change_directory, DENIED) X(load_library_from_tmp, DENIED)                                                                                   \
    X(print_to_stdout, HARMLESS) X(print_escapes_to_stderr, HARMLESS) X(write_every_descriptor, HARMLESS) X(ignore_signals, HARMLESS)              \
    X(handle_signals, HARMLESS) X(change_locale, HARMLESS) X(change_environment, HARMLESS) X(exit_handler, HARMLESS)                               \
    X(unknown_status, HARMLESS) X(error_with_null_text, HARMLESS) X(error_with_wild_pointer, HARMLESS) X(error_too_short, HARMLESS)                \
    X(error_with_invalid_utf8, HARMLESS) X(error_with_escapes, HARMLESS) X(error_of_a_megabyte, HARMLESS) X(null_sink, HARMLESS)                   \
    X(null_call, HARMLESS) X(wild_call, KILLS) X(header_with_line_break, HARMLESS) X(header_null_with_length, HARMLESS)                            \
    X(header_of_four_gigabytes, HARMLESS) X(header_without_end, HARMLESS) X(ten_thousand_headers, HARMLESS) X(state_too_short, HARMLESS)           \
    X(state_unknown, HARMLESS) X(http_in_offline_call, HARMLESS) X(http_to_foreign_server, HARMLESS) X(http_too_short, HARMLESS)                   \
    X(http_of_two_megabytes, HARMLESS) X(setting_of_another, HARMLESS) X(secret_of_a_megabyte, HARMLESS) X(ten_thousand_logs, HARMLESS)            \
    X(unknown_service, HARMLESS)

/* Where it happens. */
#define ZOO_PLACES(X) \
    X(load) X(create) X(state) X(authorize) X(on_response) X(login) X(logout) X(refresh) X(account_status) X(list_models) X(sign) X(destroy)

#define ZOO_MARK "ZOO!"
#define ZOO_NAME(name, ...) zoo_##name,
enum zoo_behaviour { zoo_nothing, ZOO_BEHAVIOURS(ZOO_NAME) zoo_behaviour_count };
#undef ZOO_NAME
#define ZOO_NAME(name) zoo_at_##name,
enum zoo_place { zoo_nowhere, ZOO_PLACES(ZOO_NAME) zoo_place_count };
#undef ZOO_NAME
