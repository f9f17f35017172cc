# The first file is the table; the others are sources, named from the root of the tree.

function report(text) {
  printf "%s:%d: %s\n", FILENAME, FNR, text
  breaches++
}

function starts_with(text, beginning) { return substr(text, 1, length(beginning)) == beginning }

# The key of `allowed` that begins the file's name within src/; the longest one rules.
function place_of(file, key, best) {
  best = ""
  for (key in allowed)
    if ((starts_with(file, key "/") || (key ~ /\// && starts_with(file, key))) && length(key) > length(best))
      best = key
  return best
}

# The one of `parts` that the file lies in.
function part_of(file, words, n, i) {
  n = split(parts, words, " ")
  for (i = 1; i <= n; i++)
    if (starts_with(file, words[i] "/")) return words[i]
  return ""
}

# The layer of a public header, named as from include/.
function layer_of(header, i) {
  for (i = 1; i <= patterns; i++)
    if (header ~ ("^" pattern_of[i] "$")) return layer_at[i]
  return ""
}

function as_expression(pattern) {
  gsub(/[.]/, "[.]", pattern)
  gsub(/[*]/, "[^/]*", pattern)
  return pattern
}

function listed(place, list, words, n, i) {
  n = split(list, words, " ")
  for (i = 1; i <= n; i++)
    if (place == words[i]) return 1
  return 0
}

# Whether the header lies in the place, or in another one of its folder that its row names.
function is_named_for(place, name, words, n, i) {
  n = split(place " " allowed[place], words, " ")
  for (i = 1; i <= n; i++)
    if (words[i] ~ /\// && starts_with(name, words[i])) return 1
  return 0
}

function is_among(file, list, words, n, i) {
  n = split(list, words, " ")
  for (i = 1; i <= n; i++)
    if (file ~ ("^" as_expression(words[i]) "$")) return 1
  return 0
}
function may_use_cereal(file) { return is_among(file, cereal) }
function is_optional(file) { return is_among(file, optional) }

function is_system_header(name) {
  return name ~ /^(sys|linux|asm|arpa|net|netinet)\// ||
         name ~ /^(unistd|fcntl|poll|signal|spawn|pthread|sched|semaphore|dlfcn|link|elf|errno|ucontext|execinfo|syscall|pwd|grp|dirent|termios|aio|mqueue|time)[.]h$/ ||
         name == "csignal"
}

function is_impure(name) {
  return is_system_header(name) ||
         name ~ /^(iostream|fstream|filesystem|thread|mutex|shared_mutex|condition_variable|semaphore|latch|barrier|future|ctime|random|cerrno)$/
}

function check_public(name, folder) {
  if (folder == "brood") check_header(name)
  if (is_optional(name) && !is_optional(substr(FILENAME, length("include/") + 1)))
    report("a public header includes the optional <" name ">")
  if (folder in is_layer || name ~ /^[.]/) report("a public header includes \"" name "\" from the inside")
  if (folder ~ /^(spdlog|fmt)$/ || (folder ~ /^(boost|asio)$/ && !is_optional(substr(FILENAME, length("include/") + 1))))
    report("a public header includes <" name ">")
  if (is_system_header(name)) report("a public header includes the system's <" name ">")
  if (folder == "cereal" && !may_use_cereal(substr(FILENAME, length("include/") + 1)))
    report("a public header that is no codec includes <" name ">")
}

function check_header(name, layer) {
  layer = layer_of(name)
  if (layer == "") report("<" name "> is in no layer of allowed.txt")
  else if (layer != place && !listed(layer, allowed[place]))
    report(place " may not include <" name ">, which is of " layer)
}

function check_inside(name, folder, quoted, part) {
  if (folder == "brood") check_header(name)
  if (folder in is_layer) {
    if (folder != own && !listed(folder, allowed[place]))
      report(place " may not include \"" name "\"")
    part = part_of(name)
    if (part != "" && part != part_of(inside) && !listed(part, allowed[place]))
      report(place " may not include \"" name "\"")
    if (folder == own && listed(place, apart) && !is_named_for(place, name))
      report(place " may not include \"" name "\"")
  } else if (quoted && folder != "brood") {
    report("\"" name "\" is not named from src/ or include/")
  }
  if (listed(place, pure) && is_impure(name)) report(place " is pure and may not include <" name ">")
  if (listed(place, plain) && folder == "boost") report(place " may not include <" name ">")
}

FNR == 1 { table_line = (NR == 1) ? 1 : 0; in_table = table_line }

in_table {
  sub(/#.*/, "")
  if (NF == 0) next
  key = $1
  sub(/:$/, "", key)
  $1 = ""
  if (key == "pure") pure = pure $0
  else if (key == "plain") plain = $0
  else if (key == "apart") apart = $0
  else if (key == "parts") parts = $0
  else if (key == "cereal") cereal = $0
  else if (key == "optional") optional = $0
  else if (key == "headers") {
    sub(/:$/, "", $2)
    for (i = 3; i <= NF; i++) {
      pattern_of[++patterns] = as_expression($i)
      layer_at[patterns] = $2
    }
  }
  else {
    allowed[key] = $0
    if (key !~ /\//) is_layer[key] = 1
  }
  next
}

FNR == 1 {
  public = starts_with(FILENAME, "include/")
  inside = substr(FILENAME, length("src/") + 1)
  own = inside
  sub(/\/.*/, "", own)
  place = place_of(inside)
  if (public) own = place = layer_of(substr(FILENAME, length("include/") + 1))
  if (public && place == "") report("is a header of no layer of allowed.txt")
  if (!public && place == "") report("is in no layer of allowed.txt")
}

/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
  name = $0
  sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
  quoted = substr(name, 1, 1) == "\""
  name = substr(name, 2)
  sub(/[">].*/, "", name)
  folder = name
  if (!sub(/\/.*/, "", folder)) folder = ""
  if (public) check_public(name, folder)
  else if (place != "") check_inside(name, folder, quoted)
}

!public && /_clock::now *\(/ && !/^[ \t]*\/\// && listed(place, pure) {
  report(place " is pure: time is an argument")
}

END { exit breaches > 0 }
