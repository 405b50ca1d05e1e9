// Whether a Kerberos ticket may exist. Debian's ssh_config sets GSSAPIAuthentication for everybody; without a ticket it
// does nothing, so only with one does a connection need OpenSSH for it. Where tickets might lie elsewhere, we assume
// that there is one.

import { existsSync, readFileSync } from "node:fs";

/** Whether ssh might log in with Kerberos. */
export function mayHaveTicket(environment: NodeJS.ProcessEnv = process.env): boolean {
  if (process.platform === "darwin" || process.platform === "win32") return true;
  if (environment.KRB5CCNAME || environment.KRB5_CONFIG || environment.KRB5_CLIENT_KTNAME) return true;
  const user = process.getuid?.() ?? 0;
  if (existsSync(`/tmp/krb5cc_${user}`) || existsSync(`/etc/krb5/user/${user}/client.keytab`)) return true;
  try {
    const text = readFileSync("/etc/krb5.conf", "utf8");
    return /^\s*(default_ccache_name|default_client_keytab_name|include(dir)?)\b/m.test(text);
  } catch {
    return false;
  }
}
