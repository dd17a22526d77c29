import { profileNames, schemeNames } from "@xsp/scenario";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { goTo } from "../location.ts";
import { Select } from "../select.tsx";
import { Bench } from "./bench.tsx";
import { type BenchSettings, readBench, sizes } from "./bench-settings.ts";

/** One or two hosts with a guest each, driven by hand. */
export function MachineView({ fields }: { fields: Readonly<Record<string, string>> }): VNode {
  const settings = readBench(fields);
  return (
    <section class="page machine">
      <h1>Watch a machine</h1>
      <Choice key={JSON.stringify(settings)} settings={settings} />
      <Bench key={`bench ${JSON.stringify(settings)}`} settings={settings} />
    </section>
  );
}

function Choice({ settings }: { settings: BenchSettings }): VNode {
  const [first, setFirst] = useState<string>(settings.schemes[0] ?? "per-frame");
  const [second, setSecond] = useState<string>(settings.schemes[1] ?? "");
  const [gib, setGib] = useState(String(settings.gib));
  const [profile, setProfile] = useState<string>(settings.profile);
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        const schemes = second === "" || second === first ? first : `${first},${second}`;
        goTo("machine", { schemes, gib, profile });
      }}
    >
      <Select label="Scheme" value={first} options={schemeNames} onChange={setFirst} />
      <Select label="beside" value={second} options={["", ...schemeNames]} onChange={setSecond} empty="nothing" />
      <Select label="Memory" value={gib} options={sizes.map(String)} onChange={setGib} unit=" GiB" />
      <Select label="Priced as on" value={profile} options={profileNames} onChange={setProfile} />
      <button type="submit">Build anew</button>
    </form>
  );
}
