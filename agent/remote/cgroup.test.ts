// What /proc/PID/cgroup says of containers.

import { Search } from "./cgroup";

const ID: string = "3f2a91c0b7d84e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7";
const OTHER: string = "3f2a91ffb7d84e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7";

export function test_finds_ids_in_the_names_that_engines_give(): void {
  const names: string[] = [ID, `docker-${ID}.scope`, `cri-containerd:${ID}`];
  for (let i = 0; i < names.length; ++i) {
    const search = new Search(ID.substring(0, 12));
    search.takeGroups(`0::/user.slice/user-1000.slice\n0::/a.slice/${names[i]}\n`);
    assert(search.path == `/a.slice/${names[i]}`, search.path);
  }
}

export function test_takes_the_outermost_group_of_a_container(): void {
  const search = new Search("3f2a91c0");
  search.takeGroups(`0::/system.slice/docker-${ID}.scope/inner\n`);
  search.takeGroups("0::/system.slice/ssh.service\n");
  assert(search.problem == "" && search.path == `/system.slice/docker-${ID}.scope`, search.path);
}

export function test_refuses_what_names_several_containers_none_or_old_groups(): void {
  const several = new Search("3f2a91");
  several.takeGroups(`0::/docker/${ID}\n0::/docker/${OTHER}\n`);
  assert(several.problem.includes("more of the id"), "several");
  const none = new Search("77777777");
  none.takeGroups(`0::/docker/${ID}\n`);
  assert(none.problem == "is not there", "none");
  const old = new Search("3f2a91c0");
  old.takeGroups(`5:memory:/docker/${ID}\n0::/\n`);
  assert(old.problem.includes("version 2"), "version 1");
}

export function test_reads_damaged_text(): void {
  const search = new Search("3f2a");
  search.takeGroups("");
  search.takeGroups(":\n::\n:::/\n0::");
  assert(search.path == "", "nothing");
}
