# Walks over the declarations of public headers.
# MODE=comments: each must have a comment (///) above it.
# MODE=signatures: none may name a type of detail:: or leave the type of its result or of a parameter to
# be deduced. The exceptions are in the file LIST: `<header> <name>: <reason>`, named as from
# include/brood. No class may derive publicly from a class of detail::, but for `base <name>: <reason>`.
# MODE=contracts: free functions, and a class that the file LIST names, speak of blocking, Throws, Threads
# and Cost: see check_contracts() and check_free_function().
#
# Overloads that follow each other without a blank line have one comment. No comment is wanted for
# destructors, for copying and moving that is defaulted or deleted, for inherited constructors, friends,
# forward declarations, and definitions out of their class. Lines BROOD_…_REFUSALS(…) declare what cannot
# be called.

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

# Whether a parameter's type is `auto`.
function deduces_a_parameter(text) {
  text = without_requires(plain(text))
  sub(/^[^(]*/, "", text)
  return text ~ /[(,] *(const +)?([A-Za-z_:]+ +)?auto[ &*.,)]/
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

# The comment of the declaration at `line`, as one line.
function comment_of(line, text) {
  for (line--; line > 0 && source[line] ~ /^[ \t]*\/\/\//; line--) {
    text = source[line] " " text
    sub(/^[ \t]*\/\/\/ */, "", text)
  }
  return text
}

# --- contracts ---

# What a comment speaks of.
function topics_of(comment, topics) {
  topics = ""
  if (comment ~ /[Bb]lock|[Ww]ait/) topics = topics " blocking"
  if (comment ~ /[Tt]hrow/) topics = topics " Throws"
  if (comment ~ /Threads[:,]/) topics = topics " Threads"
  if (comment ~ /Cost[:,]/) topics = topics " Cost"
  return topics " "
}

function begin_contract(name, comment) {
  class_at[depth + 1] = name
  contract = file " " name
  sub(/^include\/brood\//, "", contract)
  contract_at[depth + 1] = contract in wanted ? wanted[contract] : ""
  if (contract_at[depth + 1] != "") used[contract] = 1
  said_by_class[depth + 1] = topics_of(comment)
  said_last = ""
}

# What the comment of the declaration at `line` speaks of; all where it refers to another function. A
# comment that begins with "Same" says what the one before it says; so does one that refers to another
# function: "As map()", "Does what acquire() does". Overloads in a row have one comment.
function topics_said(text, line, comment, said) {
  comment = comment_of(line)
  if (comment == "") comment = last_comment
  last_comment = comment
  said = topics_of(comment)
  if (comment ~ /^Same/) said = said said_last
  said_last = said
  if (comment ~ /^(As|Does what) [a-z_]+\(\)/) return " blocking Throws Threads Cost "
  return text ~ /noexcept/ ? said " Throws " : said
}

# A class with a function that "Blocks" has a row. `<header> <class>: class` asks that the class's comment, or else that of each of its functions,
# speaks of all four. `verbs`: each function speaks of all but Threads, whatever the class says.
function check_contracts(text, line, name, said, i, n, topic) {
  if (name == class_at[depth] || name ~ /operator/) return
  if (contract_at[depth] == "" && comment_of(line) ~ /(^|[.;:] )Blocks /)
    report(line, "class " class_at[depth] " has a function that blocks, and is not in contracts.txt")
  if (contract_at[depth] == "") return
  said = topics_said(text, line)
  n = split("blocking Throws Threads Cost", topic, " ")
  for (i = 1; i <= n; i++) {
    if (index(said, " " topic[i] " ")) continue
    if (index(said_by_class[depth], " " topic[i] " ") &&
        (contract_at[depth] == "class" || topic[i] == "Threads")) continue
    report(line, "neither " class_at[depth] " nor " name " speaks of " topic[i])
  }
}

# A comment directly above a namespace, also one of two slashes, holds for its functions.
function begin_namespace(line, text) {
  for (line--; line > 0 && source[line] ~ /^\/\//; line--) text = source[line] " " text
  said_by_namespace[depth] = (depth > 1 ? said_by_namespace[depth - 1] : "") topics_of(text)
}

# A function outside of classes speaks of all four, or its namespace does. No contract is wanted for
# operators, deduction guides, and what cereal calls.
function check_free_function(text, line, name, said, i, n, topic) {
  if (name ~ /operator|^CEREAL_/ || text ~ /\) *->/) return
  said = topics_said(text, line) said_by_namespace[depth]
  n = split("blocking Throws Threads Cost", topic, " ")
  for (i = 1; i <= n; i++)
    if (!index(said, " " topic[i] " ")) report(line, name " does not speak of " topic[i])
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
  if (mode == "contracts" && kind == "class") begin_contract(name, comment_of(line))
  if (mode == "contracts" && kind ~ /function|inherited/) {
    if (top_kind() == "class") check_contracts(text, line, name)
    else check_free_function(text, line, name)
  }
}

function check_signature(text, line, kind, name, key, hidden) {
  if (kind == "function") sub(/[^:]:[^:].*/, "", text)  # the initializers of a constructor
  hidden = ""
  if (text ~ /detail::/) hidden = "has a type of detail:: in its signature"
  else if (kind == "function" && deduces_its_result(text)) hidden = "does not say the type of its result"
  else if (kind == "function" && deduces_a_parameter(text)) hidden = "does not say the type of a parameter"
  if (hidden == "") return
  key = file " " name
  sub(/^include\/brood\//, "", key)
  if (key in allowed) used[key] = 1
  else report(line, kind " " name " " hidden)
}

# The bases that a class's head names: `text` ends before the brace.
function check_bases(text, line, own, public_by_default, bases, i, n, base, key) {
  own = text
  if (!sub(/^.*[^:]:([^:]|$)/, "", own)) return
  public_by_default = text ~ /(^|> ?)struct /
  gsub(/<[^<>]*>/, "", own)
  n = split(own, bases, ",")
  for (i = 1; i <= n; i++) {
    if (bases[i] !~ /detail::/ || bases[i] ~ /private|protected/) continue
    if (bases[i] !~ /public/ && !public_by_default) continue
    base = bases[i]
    gsub(/public|virtual|[ \t]/, "", base)
    key = "base " base
    if (key in allowed) used[key] = 1
    else report(line, "class " name_of_class(text) " derives from " base)
  }
}

function name_of_class(text) {
  sub(/ :[^:].*/, "", text)
  sub(/ final$/, "", text)
  return name_of(text)
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
    begin_namespace(line)
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
    if (visible() && mode == "signatures") check_bases(text, line)
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
    if (text ~ /^ *BROOD_[A-Z]+_REFUSALS\(/) continue
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
    wanted[key] = $3
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
        printf "%s is %s\n", key, mode == "contracts" ? "a row of no class" : "an exception that nothing needs"
        breaches++
      }
  if (counted != "") print count " declarations"
  exit breaches > 0
}
