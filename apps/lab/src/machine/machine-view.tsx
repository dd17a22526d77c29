import { profileNames } from "@xsp/scenario";
import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import { goTo } from "../location.ts";
import { Select } from "../select.tsx";
import { Bench } from "./bench.tsx";
import { type BenchSettings, readBench, sizes } from "./bench-settings.ts";
import { OwnSchemeField } from "./own-scheme-field.tsx";
import { listedSchemes } from "./own-schemes.ts";

/** One or two hosts with a guest each, driven by hand. */
export function MachineView({ fields }: { fields: Readonly<Record<string, string>> }): VNode {
  const settings = readBench(fields, listedSchemes());
  // Each arrival builds anew, also one with the same settings.
  const arrivals = useRef({ fields, count: 0 });
  if (arrivals.current.fields !== fields) arrivals.current = { fields, count: arrivals.current.count + 1 };
  const { count } = arrivals.current;
  return (
    <section class="page machine">
      <h1>Watch a machine</h1>
      <Choice key={`choice ${count}`} settings={settings} />
      <Bench key={`bench ${count}`} settings={settings} />
    </section>
  );
}

function Choice({ settings }: { settings: BenchSettings }): VNode {
  const [first, setFirst] = useState<string>(settings.schemes[0] ?? "per-frame");
  const [second, setSecond] = useState<string>(settings.schemes[1] ?? "");
  const [schemes, setSchemes] = useState(listedSchemes);
  const [gib, setGib] = useState(String(settings.gib));
  const [profile, setProfile] = useState<string>(settings.profile);
  return (
    <>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const chosen = second === "" || second === first ? first : `${first},${second}`;
          goTo("machine", { schemes: chosen, gib, profile });
        }}
      >
        <Select label="Scheme" value={first} options={schemes} onChange={setFirst} />
        <Select label="beside" value={second} options={["", ...schemes]} onChange={setSecond} empty="nothing" />
        <Select label="Memory" value={gib} options={sizes.map(String)} onChange={setGib} unit=" GiB" />
        <Select label="Priced as on" value={profile} options={profileNames} onChange={setProfile} />
        <button type="submit">Build anew</button>
      </form>
      <OwnSchemeField
        onLoad={(name) => {
          setSchemes(listedSchemes());
          setSecond(name);
        }}
      />
    </>
  );
}
