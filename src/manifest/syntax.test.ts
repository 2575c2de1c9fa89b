import { test } from 'node:test';
import { checkMistake, type Mistake, mesh } from '../../test/support/mistakes.ts';

/** Mistakes in the syntax of YAML. */
const mistakes: Mistake[] = [
  {
    what: 'a tab in front of a key',
    change: ['  pwd: /python', '	pwd: /python'],
    told: `18:1 E_MANIFEST a tab is used for indentation; YAML wants blanks
 18 |  pwd: /python
    | ^
hint: put two blanks in its place; editors can show tabs`,
  },
  {
    what: 'a key that lost the column of its entry',
    change: ['      value: "$$SCONE', '     value: "$$SCONE'],
    told: `6:1 E_MANIFEST this line stands between the entries of a list, and is none of them
 6 |      value: "$$SCONE::password$$"
   | ^
hint: let it begin in the column of the keys of its entry (behind "- "), or write "- " in front`,
  },
  {
    what: 'a template without quotes',
    change: ['value: "$$SCONE::password$$"', 'value: {{API_USER}}'],
    told: `6:14 E_MANIFEST a value that begins with {{ needs quotes
 6 |       value: {{API_USER}}
   |              ^
hint: write "{{API_USER}}" in quotes`,
  },
  {
    what: 'a template without quotes, and more behind it',
    change: ['value: "$$SCONE::password$$"', 'value: {{API_USER}}/x'],
    told: `6:14 E_MANIFEST a value that begins with {{ needs quotes
 6 |       value: {{API_USER}}/x
   |              ^
hint: write "{{API_USER}}" in quotes`,
  },
  {
    what: 'a value that begins with @',
    change: ['value: "$$SCONE::password$$"', 'value: @x'],
    told: `6:14 E_MANIFEST a value cannot begin with @ unless it stands in quotes
 6 |       value: @x
   |              ^
hint: put quotes around the value: "…"`,
  },
  {
    what: 'a colon and a blank in a value',
    change: ['command: python3 print_env.py', 'command: python3 -c print: x'],
    told: `19:12 E_MANIFEST there is a second ": " on this line
 19 |   command: python3 -c print: x
    |            ^
hint: put quotes around the value, or begin a new line with the second key`,
  },
  {
    what: 'a tag behind a blank',
    change: [':latest', ': latest'],
    told: `17:7 E_MANIFEST there is a second ": " on this line
 17 |   to: registry.example.org/hello/python_hello_user: latest
    |       ^
hint: put quotes around the value, or begin a new line with the second key`,
  },
  {
    what: 'a colon without a blank',
    change: ['pwd: /python', 'pwd:/python'],
    told: `18:3 E_MANIFEST a key and its value need ": " between them
 18 |   pwd:/python
    |   ^
hint: write "key: value", with a blank behind the colon`,
  },
  {
    what: 'an equals sign instead of a colon',
    change: ['pwd: /python', 'pwd = /python'],
    told: `18:3 E_MANIFEST a key and its value need ": " between them
 18 |   pwd = /python
    |   ^
hint: write "key: value", with a blank behind the colon`,
  },
  {
    what: 'a quote that is not closed',
    change: ['value: "$$SCONE::password$$"', 'value: "$$SCONE::password$$'],
    told: `6:14 E_MANIFEST a text in " is not closed
 6 |       value: "$$SCONE::password$$
   |              ^
hint: close it with "`,
  },
  {
    what: 'a bracket that is not closed',
    in: mesh,
    change: ['"attestation"]', '"attestation"'],
    told: `6:5 E_MANIFEST a list in [ ] is not closed before this line
 6 |     cas_url: localhost
   |     ^
hint: close it with ], and put commas between its entries`,
  },
  {
    what: 'more behind a quoted value',
    change: ['value: "$$SCONE::password$$"', 'value: "a" b'],
    told: `6:18 E_MANIFEST there is more behind the end of this value
 6 |       value: "a" b
   |                  ^
hint: put the whole value in one pair of quotes; inside single quotes a single quote is written twice`,
  },
  {
    what: 'a backslash in double quotes',
    change: ['value: "$$SCONE::password$$"', 'value: "C:\\path"'],
    told: `6:17 E_MANIFEST \\p means nothing in double quotes
 6 |       value: "C:\\path"
   |                 ^
hint: write the backslash twice, or put the value in single quotes`,
  },
  {
    what: 'a star without quotes',
    in: mesh,
    change: ['  namespace: myPythonApp', '  namespace: myPythonApp\n  ignore_advisories: *'],
    told: `10:22 E_MANIFEST a * without quotes repeats a value that has a name
 10 |   ignore_advisories: *
    |                      ^
hint: put it in quotes where the character is meant: "*"`,
  },
  {
    what: 'a block of text that is not indented',
    change: ['value: "$$SCONE::password$$"', 'value: |\n    x'],
    told: `7:1 E_MANIFEST this line begins in another column than the keys beside it
 7 |     x
   | ^
hint: let it begin below the key that it follows, or two blanks deeper than the key it belongs to`,
  },
  {
    what: 'a text behind the sign of a block',
    change: ['value: "$$SCONE::password$$"', 'value: |x\n        y'],
    told: `6:15 E_MANIFEST behind | or > the text begins on the next line
 6 |       value: |x
   |               ^
hint: put the text on lines of its own below, indented, or in quotes without | and >`,
  },
  {
    what: 'a list on the line of its key',
    change: ['copy:\n    - print_env.py', 'copy: - print_env.py'],
    told: `20:9 E_MANIFEST a list cannot begin on the line of its key
 20 |   copy: - print_env.py
    |         ^
hint: begin a new line with "- "`,
  },
  {
    what: 'blanks that are none',
    change: ['  pwd: /python', '  pwd: /python'],
    told: `18:1 E_MANIFEST a line begins with the blank U+00A0, which means nothing in YAML
 18 |   pwd: /python
    | ^
hint: put ordinary blanks in its place; editors can show such characters`,
  },
  {
    what: 'lines that are indented below a value',
    change: ['  pwd: /python\n', '  pwd: /python\n    user: 1\n'],
    told: `18:8 E_MANIFEST the lines below are indented as if they belonged to this value
 18 |   pwd: /python
    |        ^
hint: let them begin in the column of the key of this line`,
  },
  {
    what: 'a merge conflict',
    change: ['  pwd: /python\n', '<<<<<<< HEAD\n  pwd: /python\n=======\n  pwd: /app\n>>>>>>> x\n'],
    told: `18:1 E_MANIFEST the file holds the marks of a merge conflict
 18 | <<<<<<< HEAD
    | ^
hint: settle the conflict, and remove the lines <<<<<<<, ======= and >>>>>>>`,
  },
  {
    what: 'two documents in one file',
    change: ['build:', '---\nbuild:'],
    told: `14:1 E_MANIFEST the file holds several YAML documents
 14 | ---
    | ^
hint: split the file at \`---\`: one document in each file`,
  },
  {
    what: 'a merge key',
    change: ['      value: "$$SCONE::password$$"', '      <<: *common'],
    told: `6:7 E_MANIFEST merge keys (<<) are not used here
 6 |       <<: *common
   |       ^
hint: write the keys themselves in each place`,
  },
];

for (const mistake of mistakes) {
  test(`what is no YAML is told in plain words, at its place: ${mistake.what}`, () => checkMistake(mistake));
}
