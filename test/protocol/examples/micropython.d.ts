// The part of MicroPython's WebAssembly package that a test uses: the package has no types.

declare module "@micropython/micropython-webassembly-pyscript/micropython.mjs" {
  type MicroPython = {
    readonly FS: { writeFile(path: string, content: string | Uint8Array): void };
    registerJsModule(name: string, module: object): void;
    runPython(program: string): unknown;
  };
  export function loadMicroPython(options: {
    stdout: (line: string) => void;
    linebuffer: boolean;
  }): Promise<MicroPython>;
}
