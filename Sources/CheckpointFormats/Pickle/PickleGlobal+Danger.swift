extension PickleGlobal {
  /// Python 2's names for what Python 3 and newer PyTorch call otherwise.
  init(pickledModule: String, name: String) {
    let module =
      switch pickledModule {
      case "__builtin__": "builtins"
      case "copy_reg": "copyreg"
      case "torch.tensor": "torch._tensor"
      default: pickledModule
      }
    let name =
      switch (module, name) {
      case ("builtins", "long"): "int"
      case ("builtins", "unicode"): "str"
      default: name
      }
    self.init(module: module, name: name)
  }

  /// Whether calling this is how attack files take over the program that loads them.
  ///
  /// Nothing is ever called here, so this list protects nobody from this program: it lets a file made
  /// to attack others be named as such instead of being read around.
  var isDangerous: Bool {
    let root = module.split(separator: ".", maxSplits: 1).first.map(String.init) ?? ""
    if Self.dangerousModules.contains(root) { return true }
    if Self.dangerousNames.contains(qualifiedName) { return true }
    return module == "builtins" && Self.dangerousBuiltins.contains(name)
  }

  private static let dangerousModules: Set<String> = [
    "os", "posix", "nt", "posixpath", "ntpath", "subprocess", "_posixsubprocess", "commands",
    "runpy", "sys", "shutil", "socket", "_socket", "importlib", "_frozen_importlib", "imp", "pty",
    "pdb", "bdb", "code", "codeop", "timeit", "trace", "profile", "cProfile", "doctest", "ctypes",
    "_ctypes", "cffi", "marshal", "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib",
    "shelve", "webbrowser", "urllib", "urllib2", "http", "httplib", "requests", "aiohttp",
    "ftplib", "smtplib", "telnetlib", "ssl", "asyncio", "multiprocessing", "threading", "_thread",
    "signal", "platform", "tempfile", "zipimport", "pkgutil", "pip", "ensurepip", "venv",
    "distutils", "setuptools", "idlelib", "lib2to3", "site", "sysconfig", "atexit",
    "gc", "inspect", "tkinter", "turtle", "linecache", "fileinput",
  ]

  private static let dangerousBuiltins: Set<String> = [
    "eval", "exec", "execfile", "compile", "__import__", "open", "file", "getattr", "setattr",
    "delattr", "globals", "locals", "vars", "input", "raw_input", "apply", "breakpoint", "map",
    "filter", "reduce", "type", "exit", "quit", "help",
  ]

  private static let dangerousNames: Set<String> = [
    "torch.load", "torch.serialization.load", "torch.jit.load", "torch.hub.load",
    "torch.hub.load_state_dict_from_url", "torch.utils.collect_env.run",
    "torch.storage._load_from_bytes",
    "torch.ops.load_library", "torch.utils.cpp_extension.load",
    "torch.utils.cpp_extension.load_inline", "torch._inductor.codecache.compile_file",
    "torch.utils.bottleneck.__main__.run_cprofile", "numpy.load", "numpy.fromfile",
    "numpy.testing._private.utils.runstring", "numpy.f2py.crackfortran.myeval",
    "operator.attrgetter", "operator.methodcaller", "_operator.attrgetter",
    "_operator.methodcaller", "functools.reduce", "_functools.reduce", "types.FunctionType",
    "types.CodeType", "types.MethodType",
    "io.open", "io.FileIO", "_io.open", "_io.FileIO", "codecs.open", "logging.config.listen",
    "pydoc.pipepager", "pydoc.locate", "uuid._get_command_stdout", "pandas.read_pickle",
  ]
}
