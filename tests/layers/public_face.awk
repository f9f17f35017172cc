# Walks over the declarations of public headers. MODE=comments: each must have a comment (///) above
# it. MODE=signatures: none may name a type of detail:: or leave the type of its result to be deduced.
# The latter's exceptions are in the file LIST: `<header> <name>: <reason>`, named as from include/brood.
#
# Overloads that follow each other without a blank line have one comment. No comment is wanted for
# destructors, for copying and moving that is defaulted or deleted, for inherited constructors, friends,
# forward declarations, and definitions out of their class.

function report(line, text) {
  printf "%s:%d: %s\n", file, line, text
  breaches++
}

# --- names ---

# Without what is in angle brackets, attributes, and the words of operators.
function plain(text, before) {
  gsub(/operator *(<<|>>|<=>|<=|>=|==|!=|->|<|>|=)/, "operator_", text)
  gsub(/operator *\( *\)/, "operator_call", text)
  gsub(/<<|->|>=|<=|==/, " ", text)
  gsub(/\[\[[^]]*\]\]/, " ", text)
  gsub(/alignas *\([^)]*\)/, " ", text)
  do {
    before = text
    gsub(/<[^<>]*>/, "", text)
  } while (text != before)
  return text
}

function without_requires(text) {
  # In front of the declaration: requires(…), or requires Concept && Concept.
  while (match(text, /requires *\(/)) {
    text = substr(text, 1, RSTART - 1) " " after_parens(substr(text, RSTART + RLENGTH))
  }
  return text
}

function after_parens(text, depth, i, c) {
  depth = 1
  for (i = 1; i <= length(text) && depth > 0; i++) {
    c = substr(text, i, 1)
    if (c == "(") depth++
    if (c == ")") depth--
  }
  return substr(text, i)
}

# Whether a function's declaration says `auto` where its result's type belongs.
function deduces_its_result(text) {
  gsub(/decltype *\( *auto *\)/, "auto", text)
  text = without_requires(plain(text))
  return text ~ /^ *((template|inline|static|constexpr|friend|virtual) +)*(const +)?auto[ &*]/
}

# The declared name: what stands before the first parenthesis, else the last word.
function name_of(text, words, n) {
  text = without_requires(plain(text))
  sub(/ *[({=].*/, "", text)
  if (match(text, /operator[^a-z_ ].*$/) || match(text, /operator .*$/)) return substr(text, RSTART)
  n = split(text, words, /[ *&,]+/)
  while (n > 1 && words[n] == "") n--
  return words[n]
}

function is_function(text) {
  text = without_requires(plain(text))
  sub(/=.*/, "", text)
  return index(text, "(") > 0
}

# using Base::Base
function inherits_constructors(text, words, n) {
  n = split(plain(text), words, /::/)
  sub(/.* /, "", words[n - 1])
  return words[n] == words[n - 1]
}

# --- comments ---

function has_comment(line, found) {
  for (line--; line > 0 && source[line] ~ /^[ \t]*\/\//; line--)
    if (source[line] ~ /^[ \t]*\/\/\//) found = 1
  return found
}

# --- declarations ---

# A declaration of the public face: `text` begins at `line` and ends at `last`.
function declared(text, line, last, kind, name, documented) {
  name = name_of(text)
  documented = has_comment(line)
  if (!documented && kind == "function" && name == last_name && line == last_end + 1)
    documented = last_documented
  last_name = kind == "function" ? name : ""
  last_end = last
  last_documented = documented
  count++
  if (counted == "each") print file ":" line ": " kind " " name
  if (mode == "comments" && !documented) report(line, kind " " name " has no comment")
  if (mode == "signatures" && kind ~ /function|member/) check_signature(text, line, kind, name)
}

function check_signature(text, line, kind, name, key, hidden) {
  if (kind == "function") sub(/[^:]:[^:].*/, "", text)  # the initializers of a constructor
  hidden = ""
  if (text ~ /detail::/) hidden = "has a type of detail:: in its signature"
  else if (kind == "function" && deduces_its_result(text)) hidden = "does not say the type of its result"
  if (hidden == "") return
  key = file " " name
  sub(/^include\/brood\//, "", key)
  if (key in allowed) used[key] = 1
  else report(line, kind " " name " " hidden)
}

function statement(text, line, last) {
  gsub(/[ \t]+/, " ", text)
  sub(/^ /, "", text)
  sub(/ $/, "", text)
  if (text == "" || !visible()) return
  if (text ~ /^(static_assert|friend class|friend struct|CEREAL_|extern template)/) return
  if (text ~ /^using [^=]*$/) {
    if (top_kind() == "class" && !inherits_constructors(text)) declared(text, line, last, "inherited")
    return
  }
  sub(/^template *<.*> *using /, "using ", text)
  if (text ~ /^using /) {
    sub(/^using /, "", text)
    return declared(text, line, last, "alias")
  }
  if (text ~ /(^|> )concept /) return declared(text, line, last, "concept")
  if (text ~ /^((template *<[^;]*> *)?(class|struct|union|enum))( |$)[^(={]*$/) return
  if (!is_function(text)) {
    if (name_of(text) ~ /::/) return
    return declared(text, line, last, top_kind() == "class" ? "member" : "constant")
  }
  if (text ~ /^friend / && text !~ /operator/) return
  if (name_of(text) ~ /~|^[A-Za-z_]+::|::[a-z_A-Z]+$/) return
  if (text ~ /= *delete$/) return
  if (text ~ /= *default$/ && text ~ /&/ && text !~ /operator *(==|<=>)/) return
  declared(text, line, last, "function")
}

function visible(i) {
  for (i = 1; i <= depth; i++)
    if (kind_at[i] == "hidden" || kind_at[i] == "body" || access_at[i] != "public") return 0
  return 1
}
function top_kind() { return depth ? kind_at[depth] : "" }
function push(kind, access) {
  kind_at[++depth] = kind
  access_at[depth] = access
}

# A brace opens behind `text`. Returns whether the statement goes on behind the closing one.
function opened(text, line, last, head) {
  gsub(/[ \t]+/, " ", text)
  sub(/^ /, "", text)
  sub(/ $/, "", text)
  if (text ~ /^(inline )?namespace/) {
    push(text ~ /detail|namespace$/ ? "hidden" : "namespace", "public")
    return 0
  }
  if (text ~ /requires *$/ || text ~ /requires *\([^()]*\) *$/) return 1
  head = plain(text)
  sub(/^ *template */, "", head)
  sub(/^ */, "", head)
  if (head ~ /^enum/) {
    sub(/ :[^:].*/, "", text)
    if (visible()) declared(text, line, last, "enum")
    push("body", "public")
    return 0
  }
  if (head ~ /^(class|struct|union) /) {
    sub(/ :[^:].*/, "", text)
    sub(/ final$/, "", text)
    if (visible() && name_of(text) !~ /</) declared(text, line, last, "class")
    push("class", head ~ /^class/ ? "private" : "public")
    return 0
  }
  if (is_function(text)) {
    statement(text, line, last)
    last_open = line
    push("body", "public")
    return 0
  }
  return 1
}

# One line without comments and literals.
function code_of(text) {
  gsub(/\\"/, "", text)
  gsub(/"[^"]*"/, "\"\"", text)
  gsub(/'[^'][^']?'/, "0", text)
  gsub(/[0-9]'[0-9]/, "0", text)
  sub(/\/\/.*/, "", text)
  return text
}

function walk(lines, i, n, text, k, c, skip, parens, buffer, first) {
  depth = 0
  last_name = ""
  for (i = 1; i <= lines; i++) {
    text = source[i]
    if (text ~ /^[ \t]*#/ || in_macro) {
      in_macro = text ~ /\\$/
      continue
    }
    text = code_of(text)
    n = length(text)
    for (k = 1; k <= n; k++) {
      c = substr(text, k, 1)
      if (skip > 0) {  # inside an initializer
        if (c == "{") skip++
        if (c == "}") skip--
        continue
      }
      if (top_kind() == "body") {
        if (c == "{") push("body", "public")
        if (c == "}" && --depth >= 0 && top_kind() != "body") last_end = i
        continue
      }
      if (c == "(") parens++
      if (c == ")") parens--
      if (c == "{" && parens > 0) {
        skip = 1
      } else if (c == "{") {
        if (opened(buffer, first, i)) skip = 1
        else buffer = ""
        if (skip) buffer = buffer " "
      } else if (c == "}") {
        depth--
        buffer = ""
      } else if (c == ";" && parens == 0) {
        statement(buffer, first, i)
        buffer = ""
      } else if (c == ":" && buffer ~ /^ *(public|private|protected) *$/) {
        sub(/^ */, "", buffer)
        sub(/ *$/, "", buffer)
        access_at[depth] = buffer == "public" ? "public" : "private"
        buffer = ""
      } else {
        if (buffer ~ /^[ \t]*$/ && c !~ /[ \t]/) {
          first = i
          buffer = ""
        }
        buffer = buffer c
      }
    }
    if (buffer != "") buffer = buffer " "
  }
}

# --- files ---

function finish() {
  if (file != "") walk(lines)
  lines = 0
}

FNR == 1 {
  finish()
  in_list = FILENAME == list
  file = in_list ? "" : FILENAME
}
in_list {
  if ($0 !~ /^#/ && NF > 0) {
    key = $1 " " $2
    sub(/:$/, "", key)
    allowed[key] = 1
    if (NF < 3) {
      printf "%s:%d: an exception needs its reason\n", FILENAME, FNR
      breaches++
    }
  }
  next
}
{
  source[++lines] = $0
}

END {
  finish()
  if (!breaches)
    for (key in allowed)
      if (!(key in used)) {
        printf "%s is an exception that nothing needs\n", key
        breaches++
      }
  if (counted != "") print count " declarations"
  exit breaches > 0
}
