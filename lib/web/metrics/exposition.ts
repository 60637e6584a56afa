// Owns the Prometheus text format, version 0.0.4: HELP, TYPE, then all samples of a family. Never knows which metrics
// there are.

import type { HistogramReading } from "../ports.ts";

type Labels = Readonly<Record<string, string>>;
type Samples = readonly (readonly [Labels, number])[];

/** A page of metrics, written family by family. */
export class Exposition {
  #text = "";
  readonly #own: Labels;

  /** @param node the node whose metrics these are, their label; empty: they have none */
  constructor(node = "") {
    this.#own = node === "" ? {} : { node };
  }

  /** Writes a count that only grows; its name ends in `_total`. */
  counter(name: string, help: string, samples: Samples): void {
    this.#family(name, "counter", help, samples, this.#own);
  }

  /** Writes a value that can rise and fall. */
  gauge(name: string, help: string, samples: Samples): void {
    this.#family(name, "gauge", help, samples, this.#own);
  }

  /** Writes a value of the store, which all nodes have in common: it has no label of a node. */
  commonGauge(name: string, help: string, samples: Samples): void {
    this.#family(name, "gauge", help, samples, {});
  }

  /** Writes a histogram of seconds; its name ends in `_seconds`. */
  histogram(name: string, help: string, { bounds, counts, sum }: HistogramReading): void {
    this.#head(name, "histogram", help);
    let below = 0;
    for (let i = 0; i < counts.length; i++) {
      below += counts[i] as number;
      const bound = bounds[i];
      const le = bound === undefined ? "+Inf" : String(bound);
      this.#line(`${name}_bucket`, { le, ...this.#own }, below);
    }
    this.#line(`${name}_sum`, this.#own, sum);
    this.#line(`${name}_count`, this.#own, below);
  }

  toString(): string {
    return this.#text;
  }

  #family(name: string, type: string, help: string, samples: Samples, more: Labels): void {
    this.#head(name, type, help);
    for (const [labels, value] of samples) this.#line(name, { ...labels, ...more }, value);
  }

  #head(name: string, type: string, help: string): void {
    const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
    this.#text += `# HELP ${name} ${escaped}\n# TYPE ${name} ${type}\n`;
  }

  #line(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
    this.#text += `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
  }
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
