// Reads a password from the first line of a file. Ignores the other lines, and never prints what it read.

import { exitCode, OperatingError } from "../../operating-error.ts";
import { fieldRules, isPassword } from "../../protocol/fields.ts";

const fileBytesMax = 4_096;

/**
 * Reads a password.
 * @param path a file whose first line is the password
 * @throws OperatingError `password-file`
 */
export async function readPasswordFile(path: string): Promise<string> {
  const text = await Bun.file(path)
    .slice(0, fileBytesMax)
    .text()
    .catch((error: { code?: string }) => {
      if (error.code === "ENOENT") throw refuse(`There is no file ${path}.`);
      throw refuse(`${path} cannot be read (${error.code ?? "unknown error"}).`);
    });
  const password = (text.split("\n", 1)[0] as string).replace(/\r$/, "");
  if (isPassword(password)) return password;
  throw refuse(`The first line of ${path} is not a valid password: ${fieldRules.password.says}.`);
}

function refuse(message: string): OperatingError {
  return new OperatingError(
    "password-file",
    message,
    "Name a file whose first line is the password.",
    exitCode.usage,
  );
}
