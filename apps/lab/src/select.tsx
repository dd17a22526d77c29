import type { VNode } from "preact";

interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChange: (value: string) => void;
  /** What an empty option is called. */
  readonly empty?: string;
  readonly unit?: string;
}

/** A choice with its label. */
export function Select({ label, value, options, onChange, empty = "", unit = "" }: SelectProps): VNode {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option} value={option}>
            {option === "" ? empty : `${option}${unit}`}
          </option>
        ))}
      </select>
    </label>
  );
}
