// Functions of SystemTap's tapset that scripts often use and that we do not have yet. A call of one gets the message
// "not supported yet" instead of "unresolved function". When the tapset gets a function, its name leaves this list.

const LATER: string =
  " " +
  "abort addr_from_rqst addr_from_rqst_str addr_to_node ansi_set_color2 ansi_set_color3 backtrace basename " +
  "bdevname bio_op bio_rw_num bio_rw_str caller caller_addr callers clones_from_clnt container_of_task_rcu cpuid " +
  "cve_count_metric cve_record_metric cve_tmpdisable daddr_to_string describe_data_direction " +
  "describe_device_state disk_major_from_request disk_minor_from_request disk_name dump_stack errno_p " +
  "exit_status format_ipaddr fp32_to_fp64 fp_add fp_div fp_eq fp_le fp_lt fp_mul fp_rem fp_sqrt fp_sub " +
  "fp_to_long fp_to_string ftrace ftype get_32mmap_args get_cycles get_devstate_from_req get_inode_from_path " +
  "get_ip get_ip_from_client get_loadavg_index get_mmap_args get_netdev_name get_prot get_prot_from_client " +
  "get_sa_flags get_sa_handler get_sigaction_mask get_sigset get_thread_context_pointer gettimeofday_jiffies " +
  "GFP_KERNEL humanreadable_bytes inet_get_ip_source inet_get_local_port ipmib_filter_key ipmib_get_proto " +
  "ipmib_local_addr ipmib_remote_addr ipmib_tcp_local_port ipmib_tcp_remote_port irqflags_str json_add_array " +
  "json_add_array_numeric_metric json_add_array_string_metric json_add_numeric_metric json_add_string_metric " +
  "json_set_prefix linuxmib_filter_key long_to_fp mdelay MKDEF modname module_name module_size msg_flags_num2str " +
  "nfs3_cmode nfs4_ctype NFS_CLIENT NFS_FH NFS_I NFS_PROTO NFS_SERVER nfsderror ns_egid ns_euid ns_gid ns_uid " +
  "panic pnlabel port_from_clnt port_from_xprt ppos_pos print_backtrace print_backtrace_fileline " +
  "print_java_backtrace print_regs print_stack print_syms print_ubacktrace print_ubacktrace_brief " +
  "print_ubacktrace_fileline print_ustack print_usyms printk proc_from_msg proc_mem_data_pid proc_mem_rss_pid " +
  "proc_mem_shr_pid proc_mem_size_pid proc_mem_string_pid proc_mem_txt_pid prog_from_clnt prot_from_clnt pstrace " +
  "Py2Object_GetAttr Py2Object_Repr Py3Object_GetAttr Py3Object_Repr python2_get_locals python2_get_var_obj " +
  "python3_get_locals python3_get_var_obj python3_initialize python_print_backtrace python_sprint_backtrace " +
  "raise rcu_dereference real_mount regex_module_compare remote_id remote_uri rlimit_from_str sa_flags_str " +
  "sa_handler sa_handler_str scsi_timer_pending set_long_arg set_longlong_arg set_pointer_arg set_returnval " +
  "set_s32_arg set_s64_arg set_tls_module_by_name set_u32_arg set_u64_arg set_uint_arg set_ulong_arg " +
  "set_ulonglong_arg setup_link_map sigset_mask_str sock_fam_num2str sock_fam_str2num sock_flags_num2str " +
  "sock_prot_num2str sock_prot_str2num sock_state_num2str sock_state_str2num sock_type_num2str sock_type_str2num " +
  "sprint_backtrace sprint_java_backtrace sprint_loadavg sprint_stack sprint_syms sprint_ubacktrace " +
  "sprint_ustack sprint_usyms stack stack_size stack_unused stack_used stap_NFS_CLIENT stp_pid string_to_fp " +
  "switch_file symdata symfile symfileline symline symname syscall_name syscall_num system target_set_pid " +
  "target_set_report task_backtrace task_ns_egid task_ns_euid task_ns_gid task_ns_uid task_rlimit task_rlimit_as " +
  "task_rlimit_core task_rlimit_cpu task_rlimit_data task_rlimit_fsize task_rlimit_locks task_rlimit_memlock " +
  "task_rlimit_msgqueue task_rlimit_nice task_rlimit_nofile task_rlimit_nproc task_rlimit_rss task_rlimit_rtprio " +
  "task_rlimit_rttime task_rlimit_sigpending task_rlimit_stack task_stime_tid task_utime_tid tasks_from_clnt " +
  "tcp_get_info_rto tcp_get_info_snd_cwnd tcp_ipv6_sockopt_str tcp_sockopt_str tcp_sockstate_str " +
  "tcp_ts_get_info_rcv_mss tcp_ts_get_info_snd_ssthresh tcp_ts_get_info_state tcpmib_filter_key tcpmib_get_state " +
  "tcpmib_local_addr tcpmib_local_port tcpmib_remote_addr tcpmib_remote_port thread_timestamp timer_pending " +
  "tz_ctime tz_gmtoff tz_name uaddr ubacktrace ucallers udelay umodaddr umodbuildid umodname usrname ustack " +
  "usymdata usymfile usymfileline usymline usymname vers_from_clnt vers_from_prog vm_fault_contains WCOREDUMP " +
  "WEXITSTATUS WIFCONTINUED WIFEXITED WIFSIGNALED WIFSTOPPED WSTOPSIG WTERMSIG xid_from_clnt ";

/** Whether SystemTap has a function of this name that is not available here yet. */
export function isLaterFunction(name: string): bool {
  return LATER.includes(` ${name} `);
}
