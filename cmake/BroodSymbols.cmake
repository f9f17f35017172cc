# What the library shows to the programs that link it: its own names and no others. It is compiled
# with Boost, spdlog and fmt inside, header libraries whose inline functions would otherwise merge
# with those of a program that uses another version of them, or the same with other macros.
#
#   static   the objects are linked into one (`ld -r`), and every name in it but those below is made
#            local (objcopy)
#   shared   a version script
#
# Where the linker or objcopy cannot do that, or objects are instrumented, the static library is a
# plain archive: BROOD_PRIVATE_SYMBOLS says OFF.

# Mangled names of namespace brood: members, type information, tables, guards, thunks.
set(brood_symbols
    _ZN5brood* _ZNK5brood* _ZNO5brood* _ZNKO5brood* _ZNR5brood* _ZNKR5brood* _ZTIN5brood* _ZTSN5brood* _ZTVN5brood*
    _ZTTN5brood* _ZTCN5brood* _ZGVN5brood* _ZZN5brood* _ZZNK5brood* _ZGVZN5brood* _ZGVZNK5brood*
    _ZTh*N5brood* _ZTv*N5brood* _ZTc*N5brood* _ZTHN5brood* _ZTWN5brood*)

function(brood_can_hide_symbols result)
  set(${result} OFF PARENT_SCOPE)
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize|--coverage")
    return()
  endif()
  execute_process(COMMAND ${CMAKE_LINKER} --help OUTPUT_VARIABLE linker ERROR_QUIET)
  execute_process(COMMAND ${CMAKE_OBJCOPY} --help OUTPUT_VARIABLE objcopy ERROR_QUIET)
  if(linker MATCHES "force-group-allocation" AND objcopy MATCHES "--keep-global-symbol"
     AND objcopy MATCHES "--localize-hidden")
    set(${result} ON PARENT_SCOPE)
  endif()
endfunction()

if(NOT DEFINED BROOD_PRIVATE_SYMBOLS)
  brood_can_hide_symbols(can_hide)
  set(BROOD_PRIVATE_SYMBOLS ${can_hide} CACHE BOOL
      "Make the names of other libraries in a static brood private to it")
endif()

# brood_private_object(<result> <object library>): one object with all of it.
function(brood_private_object result objects)
  set(whole ${CMAKE_CURRENT_BINARY_DIR}/${objects}_whole.o)
  set(private ${CMAKE_CURRENT_BINARY_DIR}/${objects}_private.o)
  list(TRANSFORM brood_symbols PREPEND "--keep-global-symbol=" OUTPUT_VARIABLE kept)
  add_custom_command(
    OUTPUT ${private}
    COMMAND ${CMAKE_LINKER} -r --force-group-allocation -o ${whole} $<TARGET_OBJECTS:${objects}>
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${whole}
    COMMAND ${CMAKE_OBJCOPY} --wildcard ${kept} ${whole} ${private}
    COMMAND ${CMAKE_COMMAND} -E rm ${whole}
    DEPENDS ${objects} $<TARGET_OBJECTS:${objects}>
    COMMENT "Linking ${objects} into one object with private symbols"
    COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties(${private} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  set(${result} ${private} PARENT_SCOPE)
endfunction()

# brood_export_symbols(<shared library>): those of brood and no others.
function(brood_export_symbols target)
  list(JOIN brood_symbols "; " exported)
  set(script ${CMAKE_CURRENT_BINARY_DIR}/brood.map)
  file(CONFIGURE OUTPUT ${script} CONTENT "{ global: @exported@; local: *; };\n" @ONLY)
  target_link_options(${target} PRIVATE LINKER:--version-script=${script})
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${script})
endfunction()
