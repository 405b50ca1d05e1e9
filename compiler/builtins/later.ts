// Functions of SystemTap's tapset that scripts often use and that we do not have yet. A call of one gets the message
// "not supported yet" instead of "unresolved function". When the tapset gets a function, its name leaves this list.

const LATER: string =
  " " +
  "addr_from_rqst addr_from_rqst_str addr_to_node ansi_set_color2 ansi_set_color3 basename clones_from_clnt " +
  "container_of_task_rcu cve_count_metric cve_record_metric cve_tmpdisable errno_p exit_status ftype " +
  "get_32mmap_args get_devstate_from_req get_inode_from_path get_ip get_ip_from_client get_mmap_args " +
  "get_netdev_name get_prot get_prot_from_client get_thread_context_pointer gettimeofday_jiffies GFP_KERNEL " +
  "humanreadable_bytes irqflags_str json_add_array json_add_array_numeric_metric json_add_array_string_metric " +
  "json_add_numeric_metric json_add_string_metric json_set_prefix MKDEF module_name module_size nfs3_cmode " +
  "nfs4_ctype NFS_CLIENT NFS_FH NFS_I NFS_PROTO NFS_SERVER pnlabel port_from_clnt port_from_xprt ppos_pos " +
  "print_java_backtrace print_ubacktrace print_ubacktrace_brief " +
  "print_ubacktrace_fileline print_ustack print_usyms proc_from_msg proc_mem_data_pid proc_mem_rss_pid " +
  "proc_mem_shr_pid proc_mem_size_pid proc_mem_string_pid proc_mem_txt_pid prog_from_clnt prot_from_clnt " +
  "Py2Object_GetAttr Py2Object_Repr Py3Object_GetAttr Py3Object_Repr python2_get_locals python2_get_var_obj " +
  "python3_get_locals python3_get_var_obj python3_initialize python_print_backtrace python_sprint_backtrace raise " +
  "rcu_dereference regex_module_compare remote_id remote_uri sa_handler scsi_timer_pending set_tls_module_by_name " +
  "setup_link_map sprint_java_backtrace sprint_ubacktrace sprint_ustack sprint_usyms stack_size stack_unused " +
  "stack_used stap_NFS_CLIENT switch_file task_stime_tid " +
  "task_utime_tid tasks_from_clnt thread_timestamp timer_pending ubacktrace ucallers umodaddr umodbuildid " +
  "umodname usrname ustack usymdata usymfile usymfileline usymline usymname vers_from_clnt vers_from_prog " +
  "xid_from_clnt ";

/** Whether SystemTap has a function of this name that is not available here yet. */
export function isLaterFunction(name: string): bool {
  return LATER.includes(` ${name} `);
}
