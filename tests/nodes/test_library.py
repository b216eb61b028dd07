"""The whole library against the facts: names, handles, types, defaults and limits that workflows out there rely on."""

import json
import subprocess
import sys

import pytest

from nodetool.protocol.descriptions import NodeDescription, Property, TypeMetadata
from nodetool.sdk.describe import describe
from nodetool.sdk.registry import import_module, modules_of, nodes_in

FACTS = """
lib.http.DeleteRequest | DELETE Request | url:str="" | output:str
lib.http.FilterValidURLs | Filter Valid URLs | url:str="" urls:list[str]=[] max_concurrent_requests:int=10 | output:list[str]
lib.http.GetRequest | GET Request | url:str="" | output:str
lib.http.GetRequestBinary | GET Binary | url:str="" | output:bytes
lib.http.HeadRequest | HEAD Request | url:str="" | output:dict[str,str]
lib.http.JSONGetRequest | GET JSON | url:str="" | output:dict[str,any]
lib.http.JSONPatchRequest | PATCH JSON | url:str="" data:dict[str,any]={} | output:dict[str,any]
lib.http.JSONPostRequest | POST JSON | url:str="" data:dict[str,any]={} | output:dict[str,any]
lib.http.JSONPutRequest | PUT JSON | url:str="" data:dict[str,any]={} | output:dict[str,any]
lib.http.PostRequest | POST Request | url:str="" data:str="" | output:str
lib.http.PostRequestBinary | POST Binary | url:str="" data:union[str,bytes]="" | output:bytes
lib.http.PutRequest | PUT Request | url:str="" data:str="" | output:str
lib.json.FilterJSON | Filter JSON | array:list[dict[str,any]]=[] key:str="" value:any=null | output:list[dict[str,any]]
lib.json.GetJSONPathBool | Get JSONPath Bool | data:any=null path:str="" default:bool=false | output:bool
lib.json.GetJSONPathDict | Get JSONPath Dict | data:any=null path:str="" default:dict[str,any]={} | output:dict[str,any]
lib.json.GetJSONPathFloat | Get JSONPath Float | data:any=null path:str="" default:float=0.0 | output:float
lib.json.GetJSONPathInt | Get JSONPath Int | data:any=null path:str="" default:int=0 | output:int
lib.json.GetJSONPathList | Get JSONPath List | data:any=null path:str="" default:list[any]=[] | output:list[any]
lib.json.GetJSONPathStr | Get JSONPath Str | data:any=null path:str="" default:str="" | output:str
lib.json.JSONTemplate | JSON Template | template:str="" values:dict[str,any]={} | output:dict[str,any]
lib.json.ParseDict | Parse Dict | json_string:str="" | output:dict[str,any]
lib.json.ParseList | Parse List | json_string:str="" | output:list[any]
lib.json.StringifyJSON | Stringify JSON | data:any={} indent:int=2 (0..16) | output:str
lib.json.ValidateJSON | Validate JSON | data:any=null json_schema:dict[str,any]={} | output:bool
nodetool.constant.Bool | Bool | value:bool=false | output:bool
nodetool.constant.Dict | Dict | value:dict[str,any]={} | output:dict[str,any]
nodetool.constant.Float | Float | value:float=0.0 | output:float
nodetool.constant.Integer | Integer | value:int=0 | output:int
nodetool.constant.List | List | value:list[any]=[] | output:list[any]
nodetool.constant.String | String | value:str="" | output:str
nodetool.control.Collect | Collect | input_item:any* | output:list[any]
nodetool.control.ForEach | For Each | input_list:list[any]=[] | output:any* index:int*
nodetool.control.If | If | condition:bool=false value:any=null | if_true:any if_false:any
nodetool.control.Pace | Pace | input_list:list[any]=[] seconds:float=1.0 (0..3600) | output:any* index:int*
nodetool.control.Reroute | Reroute | input_value:any=null | output:any
nodetool.dictionary.Combine | Combine | dict_a:dict[str,any]={} dict_b:dict[str,any]={} | output:dict[str,any]
nodetool.dictionary.GetValue | Get Value | dictionary:dict[str,any]={} key:str="" default:any=null | output:any
nodetool.dictionary.MakeDictionary | Make Dictionary | ... | output:dict[str,any]
nodetool.dictionary.ParseCSV | Parse CSV | csv_data:str="" delimiter:str="," convert_numbers:bool=false | output:list[dict[str,any]]
nodetool.input.BooleanInput | Boolean Input | name:str="" description:str="" value:bool=false | output:bool
nodetool.input.DictionaryInput | Dictionary Input | name:str="" description:str="" value:dict[str,any]={} | output:dict[str,any]
nodetool.input.FloatInput | Float Input | name:str="" description:str="" value:float=0.0 min:float=0 max:float=100 | output:float
nodetool.input.IntegerInput | Integer Input | name:str="" description:str="" value:int=0 min:int=0 max:int=100 | output:int
nodetool.input.ListInput | List Input | name:str="" description:str="" value:list[any]=[] | output:list[any]
nodetool.input.StringInput | String Input | name:str="" description:str="" value:str="" | output:str
nodetool.input.StringListInput | String List Input | name:str="" description:str="" value:list[str]=[] | output:list[str]
nodetool.list.FilterDictsByNumber | Filter Dicts By Number | values:list[dict[str,any]]=[] key:str="" filter_type:enum(greater_than,less_than,equal_to,even,odd,positive,negative)="greater_than" value:float?=null | output:list[dict[str,any]]
nodetool.list.FilterDictsByValue | Filter Dicts By Value | values:list[dict[str,any]]=[] key:str="" filter_type:enum(contains,starts_with,ends_with,equals,type_is,length_greater,length_less,exact_length)="contains" criteria:str="" | output:list[dict[str,any]]
nodetool.list.Length | Length | values:list[any]=[] | output:int
nodetool.list.MapField | Map Field | values:list[dict[str,any]]=[] field:str="" default:any=null | output:list[any]
nodetool.list.Slice | Slice | values:list[any]=[] start:int=0 stop:int=0 step:int=1 | output:list[any]
nodetool.list.Sort | Sort | values:list[any]=[] order:enum(ascending,descending)="ascending" | output:list[any]
nodetool.output.BooleanOutput | Boolean Output | name:str="" description:str="" value:bool=false | output:bool
nodetool.output.DictionaryOutput | Dictionary Output | name:str="" description:str="" value:dict[str,any]={} | output:dict[str,any]
nodetool.output.FloatOutput | Float Output | name:str="" description:str="" value:float=0 | output:float
nodetool.output.IntegerOutput | Integer Output | name:str="" description:str="" value:int=0 | output:int
nodetool.output.ListOutput | List Output | name:str="" description:str="" value:list[any]=[] | output:list[any]
nodetool.output.Output | Output | name:str="" description:str="" value:any=null | output:any
nodetool.output.StringOutput | String Output | name:str="" description:str="" value:str="" | output:str
nodetool.text.Collect | Collect | input_item:str* separator:str="" | output:str
nodetool.text.Concat | Concatenate Text | a:str="" b:str="" | output:str
nodetool.text.FormatText | Format Text | template:str="" ... | output:str
nodetool.text.Join | Join | strings:list[str]=[] separator:str="" | output:str
nodetool.text.Replace | Replace Text | text:str="" old:str="" new:str="" | output:str
nodetool.text.Split | Split Text | text:str="" delimiter:str="," | output:list[str]
nodetool.text.Template | Template | string:str="" values:any={} ... | output:str
nodetool.workflows.base_node.Comment | Comment | headline:str="" comment:any=null comment_color:str="#f0f0f0" |
nodetool.workflows.base_node.Group | Group | |
nodetool.workflows.base_node.Preview | Preview | value:any=null name:str="" |
nodetool.workspace.CreateWorkspaceDirectory | Create Workspace Directory | path:str="" | output:str
nodetool.workspace.DeleteWorkspaceFile | Delete Workspace File | path:str="" recursive:bool=false | output:any
nodetool.workspace.ListWorkspaceFiles | List Workspace Files | path:str="." pattern:str="*" recursive:bool=false | file:str*
nodetool.workspace.ReadTextFile | Read Text File | path:str="" encoding:str="utf-8" | output:str
nodetool.workspace.WorkspaceFileExists | Workspace File Exists | path:str="" | output:bool
nodetool.workspace.WriteTextFile | Write Text File | path:str="" content:str="" encoding:str="utf-8" append:bool=false | output:str
"""  # noqa: E501 - a line a type; `*` streams, `...` takes further inputs

LIBRARY = sorted(
    (describe(cls) for name in modules_of("nodetool.nodes") for cls in nodes_in(import_module(name))),
    key=lambda found: found.node_type,
)

WAITING = {"lib.http", "nodetool.workspace"}
"""Families whose nodes wait for somebody."""

IDS = [found.node_type for found in LIBRARY]


def test_every_type_is_there() -> None:
    assert [fact.split(" | ")[0] for fact in FACTS.strip().splitlines()] == IDS


@pytest.mark.parametrize("found", LIBRARY, ids=IDS)
def test_a_node_has_the_handles_that_workflows_know(found: NodeDescription) -> None:
    assert _fact(found) in FACTS.splitlines()


@pytest.mark.parametrize("found", LIBRARY, ids=IDS)
def test_a_node_tells_what_it_is_for(found: NodeDescription) -> None:
    summary, tags, *rest = found.description.splitlines()

    assert summary.endswith(".")
    assert len(tags.split(", ")) >= 3
    assert tags == tags.lower()
    uses = rest[rest.index("Use cases:") + 1 :]
    assert len(uses) >= 3
    assert all(line.startswith("- ") for line in uses)


@pytest.mark.parametrize("found", LIBRARY, ids=IDS)
def test_a_node_says_how_it_runs(found: NodeDescription) -> None:
    waits = found.namespace in WAITING or found.node_type == "nodetool.control.Pace"

    assert found.runs == ("async" if waits else "inline")


def test_roles_are_what_the_engine_needs() -> None:
    roles = {found.role: found.namespace for found in LIBRARY if found.role != "node"}

    assert roles == {
        "input": "nodetool.input",
        "output": "nodetool.output",
        "preview": "nodetool.workflows.base_node",
        "note": "nodetool.workflows.base_node",
    }


def test_listing_all_nodes_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from nodetool.sdk.registry import import_module, modules_of, nodes_in\n"
        "count = sum(len(nodes_in(import_module(name))) for name in modules_of('nodetool.nodes'))\n"
        "print(count, sorted({'httpx2', 'jinja2', 'jsonschema', 'litestar', 'sqlite3'} & set(sys.modules)))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == f"{len(LIBRARY)} []"


def _fact(found: NodeDescription) -> str:
    handles = [_property(field) for field in found.properties] + ["..."] * found.is_dynamic
    outputs = [f"{output.name}:{_type(output.type)}{'*' * output.stream}" for output in found.outputs]
    return (
        " | ".join([found.node_type, found.title, " ".join(handles), " ".join(outputs)]).replace("|  |", "| |").strip()
    )


def _property(field: Property) -> str:
    if field.stream:
        return f"{field.name}:{_type(field.type)}*"
    limits = f" ({field.min}..{field.max})" if (field.min, field.max) != (None, None) else ""
    return f"{field.name}:{_type(field.type)}={json.dumps(field.default)}{limits}"


def _type(metadata: TypeMetadata) -> str:
    args = ",".join(_type(arg) for arg in metadata.type_args)
    values = ",".join(str(value) for value in metadata.values or ())
    inside = f"[{args}]" if args else f"({values})" if values else ""
    return metadata.type + inside + "?" * metadata.optional
